"""Reads a callback that is JSON: bytes in, text fields and a picture out.

The body is held in memory until its end, within the limit on bodies: what JSON means is known only
when all of it is there.
"""

import json
from collections.abc import Callable
from typing import Any

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import Form, Picture, PictureSink, Text
from asyncproof.wire.dialect import CallbackRead
from asyncproof.wire.inline import decoded

JSON = "application/json"


def json_type(content_type: str) -> None:
    """
    Raises:
        BadFormError: 415 if this is not the content type of JSON.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise BadFormError(415, f"Content-Type must be {JSON}")


class JsonReader:
    """Reads one object. Call :meth:`feed` with each piece, then :meth:`end`. ``read`` finds the
    fields in it."""

    def __init__(
        self,
        read: Callable[[dict[str, Any]], CallbackRead],
        limits: Limits,
        open_picture: Callable[[], PictureSink],
    ) -> None:
        self._read, self._limits, self._open_picture = read, limits, open_picture
        self._body = bytearray()
        self.feed: Callable[[bytes], None] = self._body.extend

    def end(self) -> Form:
        """The fields; the picture has gone to its sink.

        Raises:
            BadFormError: it is no JSON object, or its picture is not base64.
        """
        try:
            data = json.loads(self._body)
        except (ValueError, RecursionError) as error:
            raise BadFormError(400, f"not JSON: {str(error)[:200]}") from None
        if not isinstance(data, dict):
            raise BadFormError(400, f"not a JSON object but {type(data).__name__}")
        found = self._read(data)
        form = Form(texts={name: self._text(value) for name, value in found.fields.items()})
        if found.picture is not None:
            form.picture = self._picture(found.picture)
        return form

    def _text(self, value: str) -> Text:
        encoded = value.encode("utf-8", "backslashreplace")
        kept = encoded[: self._limits.field].decode("utf-8", "ignore")
        return Text(kept, len(encoded), cut=len(encoded) > self._limits.field, utf8=True)

    def _picture(self, text: str) -> Picture:
        data, kind, error = decoded(text)
        if error:
            raise BadFormError(400, f"the picture is {error}")
        self._open_picture().write(memoryview(data))
        return Picture(filename=None, content_type=kind, size=len(data))

"""What the body of a callback is: a multipart form, or JSON as the profile of a server has it.

Both become a :class:`Form`, with the words of docs/protocol.md, so that whatever comes after the
reading is the same for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from asyncproof.receiver.example import DOCUMENTED, example_of
from asyncproof.receiver.json_body import JsonReader, json_type
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.form_reader import (
    IMAGE,
    Form,
    FormReader,
    PictureSink,
    Text,
    boundary_of,
)
from asyncproof.vocabulary import SECRET_HEADER, STATUSES, TERMINAL
from asyncproof.wire.dialect import Dialect

OpenPicture = Callable[[], PictureSink]


class BodyReader(Protocol):
    """Reads one body in pieces of any size."""

    @property
    def feed(self) -> Callable[[bytes], None]: ...

    def end(self) -> Form:
        """All of it.

        Raises:
            BadFormError: it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class CallbackShape:
    """What callbacks look like.

    ``open`` makes the reader of a body of this content type (it raises BadFormError for another
    one). ``due`` are the fields that each must have, and ``states`` what they may be about;
    ``names`` is what the server calls those fields whose names differ; ``delivery_id`` is the
    header, if any, that is the same in each repeat of a delivery, and ``header`` the one with the
    secret.
    ``example`` is a command that sends one, or empty. ``in_a_thread``: the end of a body takes so
    much time that others would wait for it.
    """

    open: Callable[[str, Limits, OpenPicture], BodyReader]
    due: frozenset[str] = frozenset({"job_id", "status"})
    states: frozenset[str] = TERMINAL
    names: Mapping[str, str] = field(default_factory=dict)
    example: str = DOCUMENTED
    delivery_id: str = ""
    header: str = SECRET_HEADER
    in_a_thread: bool = False

    def is_notice(self, fields: Mapping[str, str]) -> bool:
        """Whether a callback with these fields is about another event than the end of a job."""
        return fields.get("status") in self.states - TERMINAL


def _form(content_type: str, limits: Limits, open_picture: OpenPicture) -> BodyReader:
    return FormReader(boundary_of(content_type), limits, open_picture)


MULTIPART = CallbackShape(_form)


def shape_of(dialect: Dialect) -> CallbackShape:
    """What the callbacks of servers of this dialect look like."""
    table = dialect.profile.callback
    if table is None:
        return MULTIPART
    has = {"job_id": table.id, "status": table.state or table.means}

    def read_json(content_type: str, limits: Limits, open_picture: OpenPicture) -> BodyReader:
        json_type(content_type)
        return JsonReader(dialect.read_callback, limits, open_picture)

    def read_form(content_type: str, limits: Limits, open_picture: OpenPicture) -> BodyReader:
        boundary = boundary_of(content_type)
        form = FormReader(boundary, limits, open_picture, table.picture or IMAGE)
        return _TranslatedForm(form, dialect)

    due = frozenset(name for name, where in has.items() if where)
    read = read_json if table.body == "json" else read_form
    return CallbackShape(
        read,
        due,
        STATUSES if dialect.notices else TERMINAL,
        dialect.spoken.fields.get("callback", {}),
        delivery_id=table.delivery_id,
        header=table.header or SECRET_HEADER,
        example=example_of(table, dialect.spoken.words.get("completed", "completed")),
        in_a_thread=table.body == "json",
    )


class _TranslatedForm:
    """A form whose fields get the names and words of docs/protocol.md at its end."""

    def __init__(self, form: FormReader, dialect: Dialect) -> None:
        self.feed, self._end, self._dialect = form.feed, form.end, dialect
        self._means = dialect.profile.callback.means if dialect.profile.callback else ""

    def end(self) -> Form:
        form = self._end()
        form.texts = self._dialect.read_form(form.texts)
        if status := form.texts.get("status"):
            status.value = self._dialect.callback_word(status.value)
        elif means := self._means:
            form.texts["status"] = Text(means, len(means), cut=False, utf8=True)
        return form

"""A form reader that lets the whole body be read before it says what is wrong with the form."""

from collections.abc import Callable

from asyncproof.receiver.bodies import BodyReader
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import Form
from asyncproof.receiver.storage.store import NotStoredError


class PatientReader:
    """``make`` makes the reader; what it or the reader raises is raised by :meth:`end`."""

    def __init__(self, make: Callable[[], BodyReader]) -> None:
        self._error: BadFormError | NotStoredError | None = None
        self._reader: BodyReader | None = None
        try:
            self._reader = make()
        except BadFormError as bad:
            self._error = bad

    def feed(self, piece: bytes) -> None:
        if self._reader is None or self._error is not None:
            return
        try:
            self._reader.feed(piece)
        except (BadFormError, NotStoredError) as error:
            self._error = error

    def end(self) -> Form:
        """
        Raises:
            BadFormError: it is not a form that can be read.
            NotStoredError: the picture could not be stored.
        """
        if self._error is not None:
            raise self._error
        assert self._reader is not None
        return self._reader.end()

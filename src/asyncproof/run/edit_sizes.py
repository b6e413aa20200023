"""The right size of an edited picture, where an edit has no fields for it.

Some miners edit at the size that is asked for, some at that of the source or at their own. The
first picture shows which; the others have to agree with it.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class EditSizes:
    """``own`` is the miner's size, None as long as it is unknown, or where it makes what is asked
    for."""

    own: tuple[int, int] | None = None
    known: bool = False

    def expected(self, asked: tuple[int, int], real: tuple[int, int] | None) -> tuple[int, int]:
        """The right size of a picture that is ``real`` pixels large and was asked for so."""
        if not self.known and real is not None:
            self.known, self.own = True, None if real == asked else real
        return self.own or asked

"""What a look at one picture can suspect, as values."""

from dataclasses import dataclass
from enum import StrEnum

from asyncproof.images.region import Region


class Sign(StrEnum):
    """The kinds of evidence; one rule each."""

    SOLID = "solid"
    TRANSPARENT = "transparent"
    LOST_CHANNEL = "lost channel"
    DEAD_EDGE = "dead edge"
    SEAM = "seam"
    MISSING_TILE = "missing tile"
    NOISE = "noise"
    REPEATED_ROWS = "repeated rows"
    GAPS = "missing lines"
    BLANK = "blank part"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One sign of damage: where, in words, and how strong (1 is the threshold of its rule).

    Where the damage does not fill its ``region``, ``place`` says where in it, and ``pixels`` is its
    share of the picture.
    """

    sign: Sign
    region: Region
    phrase: str
    strength: float
    place: str = ""
    pixels: float | None = None

    @property
    def reason(self) -> str:
        """One line for a finding, with the place and the share of the picture."""
        partial = self.sign in _PARTIAL or (
            self.sign in _PARTIAL_AT_A_SIDE and self.region.cut_off and self.region.share < 1
        )
        kind = "Partial render detected" if partial else "Damaged picture"
        share = self.region.share if self.pixels is None else self.pixels
        words = f"{share:.1%}".replace("%", " %")
        return f"{kind}: {self.place or self.region} {self.phrase} ({words})"


_PARTIAL = {Sign.DEAD_EDGE, Sign.BLANK, Sign.SEAM, Sign.REPEATED_ROWS}
_PARTIAL_AT_A_SIDE = {Sign.NOISE, Sign.TRANSPARENT}

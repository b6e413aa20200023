"""What a look at one picture can suspect, as values."""

from dataclasses import dataclass
from enum import StrEnum

from tests.e2e.async_inference.pictures.region import Region


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


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One sign of damage: where, in words, and how strong (1 is the threshold of its rule)."""

    sign: Sign
    region: Region
    phrase: str
    strength: float

    @property
    def reason(self) -> str:
        """One line for a finding, with the place and the share of the picture."""
        partial = self.sign in _PARTIAL or (
            self.sign is Sign.NOISE and self.region.cut_off and self.region.share < 1
        )
        kind = "Partial render detected" if partial else "Damaged picture"
        share = f"{self.region.share:.1%}".replace("%", " %")
        return f"{kind}: {self.region} {self.phrase} ({share})"


_PARTIAL = {Sign.DEAD_EDGE, Sign.SEAM, Sign.TRANSPARENT, Sign.REPEATED_ROWS}

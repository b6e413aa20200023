"""A picture beside its quiet twin: the same request, made while the miner had nothing else to do.

Where the two agree the picture is whole, whatever it shows. Where they differ, the difference tells
the place and what lies there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.e2e.async_inference.pictures.content import Candidate, Content, what_lies_there
from tests.e2e.async_inference.pictures.pixels import Pixels, distance_map, drift_map
from tests.e2e.async_inference.pictures.region import (
    CELL,
    TILE,
    Mask,
    Region,
    enclosing,
    regions_of,
)

MAX_TOLD_TILES = 6
_FILLS = {Content.FLAT, Content.TRANSPARENT, Content.OTHER_PICTURE}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a picture differs from its twin (``regions``, largest first), and what lies there.

    ``pixels`` is the share of all pixels that differ by more than the tolerance; ``source`` is the
    label of the candidate whose content was found, or "".
    """

    regions: tuple[Region, ...]
    content: Content
    phrase: str
    source: str
    pixels: float

    @property
    def share(self) -> float:
        """Of the picture that lies in the regions, 0 to 1."""
        return sum(region.area for region in self.regions) / (
            self.regions[0].width * self.regions[0].height
        )

    @property
    def where(self) -> str:
        """The place in words, without the percentage."""
        if len(self.regions) == 1:
            return str(self.regions[0])
        if all(_is_tile(region) for region in self.regions):
            tiles = [f"{r.left // TILE},{r.top // TILE}" for r in self.regions[:MAX_TOLD_TILES]]
            more = "" if len(self.regions) <= MAX_TOLD_TILES else " …"
            return f"{len(self.regions)} tiles of {TILE} px ({' '.join(tiles)}{more})"
        return f"{len(self.regions)} regions within {enclosing(self.regions)}"

    @property
    def reason(self) -> str:
        """One line for a finding: what happened, where, how much of the picture."""
        if self.content is Content.WRONG_SIZE:
            return f"Wrong dimensions: {self.phrase}"
        whole = self.regions[0].all_columns and self.regions[0].all_rows
        kind = "Damaged region"
        if whole and self.content in {Content.OTHER_PICTURE, Content.BLEND, Content.UNKNOWN}:
            kind = "Wrong picture"
        elif len(self.regions) == 1 and (whole or self.regions[0].cut_off):
            kind = "Partial render detected"
        return f"{kind}: {self.where} {self.phrase} ({self.share:.1%})".replace("%)", " %)")


def compare(
    picture: Pixels,
    twin: Pixels,
    tolerance: int = 0,
    others: Sequence[Candidate] = (),
    *,
    drift_tolerance: float | None = None,
) -> Difference | None:
    """None where every channel of every pixel agrees within ``tolerance`` levels.

    With ``drift_tolerance`` the means of cells of eight pixels have to agree too, within as many
    levels: this finds what is too faint for the tolerance of single pixels. Both tolerances are
    those of a learned ``Repeatability``.

    ``others`` are the pictures whose content could have got in, the likeliest first: of jobs in
    flight at the same time, of the job before, of the same request with another LoRA or none. They
    are looked at only where there is a difference.
    """
    height, width = twin.shape[:2]
    if picture.shape[:2] != twin.shape[:2]:
        phrase = f"{picture.shape[1]}x{picture.shape[0]}, the quiet twin has {width}x{height}"
        return Difference((Region.whole(height, width),), Content.WRONG_SIZE, phrase, "", 1.0)
    changed = _changed(picture, twin, tolerance, drift_tolerance)
    regions = regions_of(changed)
    if not regions:
        return None
    what = what_lies_there(picture, twin, regions[0], tolerance, others)
    if len(regions) > 1 and what.content in _FILLS:
        around = enclosing(regions)
        if what_lies_there(picture, twin, around, tolerance, others) == what:
            regions = (around,)  # the same fill in between, where the twin happens to agree with it
    return Difference(regions, what.content, what.phrase, what.source, float(changed.mean()))


def _changed(picture: Pixels, twin: Pixels, tolerance: int, drift: float | None) -> Mask:
    changed: Mask = distance_map(picture, twin) > tolerance
    if drift is not None:
        cells = drift_map(picture, twin, CELL) > drift
        whole = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
        changed[: whole.shape[0], : whole.shape[1]] |= whole
    return changed


def _is_tile(region: Region) -> bool:
    return "(tile " in str(region)

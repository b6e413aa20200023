"""A picture beside its idle reference: the same request, made while the miner was idle.

Where the two agree the picture is whole, whatever it shows. Where they differ, the difference tells
the place and what lies there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.images.pixels import Pixels, distance_map, drift_map
from asyncproof.images.reference.content import Candidate, Content, what_lies_there
from asyncproof.images.reference.outlier_region import SOFT, outlier_region
from asyncproof.images.region import (
    CELL,
    TILE,
    Mask,
    Region,
    enclosing,
    regions_of,
)

MAX_TOLD_TILES = 6
NEARLY_ALL = 0.8  # of the picture; then it may be that all of it differs, and a part much more
_FILLS = {Content.FLAT, Content.TRANSPARENT, Content.OTHER_PICTURE}


class DifferenceKind(StrEnum):
    """What kind of damage a difference is, as its reason begins."""

    OTHER_SIZE = "Wrong dimensions"
    OTHER_PICTURE = "Wrong picture"
    THROUGHOUT = "Damaged picture"
    REGION = "Damaged region"
    PARTIAL = "Partial render detected"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a picture differs from its reference (``regions``, largest first), and what lies there.

    ``pixels`` is the share of all pixels that differ by more than the tolerance; ``source`` is the
    label of the candidate whose content was found, or "". ``elsewhere``: by how many levels the
    rest of the picture differs at most, where it differs too, but far less; ``by_tone`` where most
    of that is tone.
    """

    regions: tuple[Region, ...]
    content: Content
    phrase: str
    source: str
    pixels: float
    elsewhere: int = 0
    by_tone: bool = False

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
    def kind(self) -> DifferenceKind:
        if self.content is Content.WRONG_SIZE:
            return DifferenceKind.OTHER_SIZE
        whole = self._is_everywhere
        if whole and self.content in {Content.OTHER_PICTURE, Content.BLEND, Content.UNKNOWN}:
            return DifferenceKind.OTHER_PICTURE
        if whole and self.content in {Content.UNDENOISED, Content.CONTRAST}:
            return DifferenceKind.THROUGHOUT
        if len(self.regions) == 1 and (whole or self.regions[0].cut_off):
            return DifferenceKind.PARTIAL
        return DifferenceKind.REGION

    @property
    def _is_everywhere(self) -> bool:
        return self.regions[0].all_columns and self.regions[0].all_rows

    @property
    def in_a_part(self) -> bool:
        """Whether something got into the picture that was asked for, of which the rest, if any is
        left, is right. Otherwise another picture was drawn, or all of it differs."""
        partly = self.kind in {DifferenceKind.PARTIAL, DifferenceKind.REGION}
        return partly and not self.elsewhere

    @property
    def reason(self) -> str:
        """One line for a finding: what happened, where, how much of the picture."""
        if self.kind is DifferenceKind.OTHER_SIZE:
            return f"{self.kind}: {self.phrase}"
        share = f"{self.share:.1%}".replace("%", " %")
        rest = f"; the rest differs by at most {self.elsewhere} levels" if self.elsewhere else ""
        if self._is_everywhere:
            rest = ""
        return f"{self.kind}: {self.where} {self.phrase} ({share}){rest}"


def compare(
    picture: Pixels,
    reference: Pixels,
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
    height, width = reference.shape[:2]
    if picture.shape[:2] != reference.shape[:2]:
        phrase = f"{picture.shape[1]}x{picture.shape[0]}, the idle reference has {width}x{height}"
        return Difference((Region.whole(height, width),), Content.WRONG_SIZE, phrase, "", 1.0)
    changed = _changed(picture, reference, tolerance, drift_tolerance)
    regions = regions_of(changed)
    if not regions:
        return None
    elsewhere, shake, by_tone = 0, tolerance, False
    if regions[0].share > NEARLY_ALL:
        core = outlier_region(picture, reference)
        if core is not None and core.elsewhere > tolerance:
            regions = regions_of(core.mask)
            elsewhere, by_tone = core.elsewhere, core.by_tone
            changed, tolerance = core.mask, max(tolerance, core.elsewhere)
    inside = inner(regions[0]) if elsewhere else regions[0]
    what = what_lies_there(picture, reference, inside, tolerance, others, shake=shake)
    if len(regions) > 1 and what.content in _FILLS:
        around = enclosing(regions)
        if what_lies_there(picture, reference, around, tolerance, others, shake=shake) == what:
            regions = (
                around,
            )  # the same fill in between, where the reference happens to agree with it
    share = float(changed.mean())
    return Difference(regions, what.content, what.phrase, what.source, share, elsewhere, by_tone)


def _changed(picture: Pixels, reference: Pixels, tolerance: int, drift: float | None) -> Mask:
    changed: Mask = distance_map(picture, reference) > tolerance
    if drift is not None:
        cells = drift_map(picture, reference, CELL) > drift
        whole = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
        changed[: whole.shape[0], : whole.shape[1]] |= whole
    return changed


def inner(region: Region) -> Region:
    """A region without the border that a decoder smears, where enough is left of it."""
    left, top = (region.left + SOFT * CELL * (region.left > 0)), region.top
    top += SOFT * CELL * (region.top > 0)
    right = region.right - SOFT * CELL * (region.right < region.width)
    bottom = region.bottom - SOFT * CELL * (region.bottom < region.height)
    if min(right - left, bottom - top) < 2 * SOFT * CELL:
        return region
    return Region(left, top, right, bottom, region.width, region.height)


def _is_tile(region: Region) -> bool:
    return "(tile " in str(region)

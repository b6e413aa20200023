"""A picture beside its idle reference ends in one of three: the same, drifted, or damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from asyncproof.images.pixels import Pixels, with_alpha
from asyncproof.images.reference.abrupt import ends_abruptly
from asyncproof.images.reference.comparison import Difference, compare, inner
from asyncproof.images.reference.content import Candidate, Content, What, what_lies_there
from asyncproof.images.reference.latents import makeup
from asyncproof.images.reference.structure import (
    LEAST_SIDE,
    USUAL,
    Structure,
    damaged_cells,
    is_alike,
    scores,
)
from asyncproof.images.region import CELL, Mask, Region, regions_of

CALM = 16  # levels; where the rest differs by no more, pixels tell the place best
# Of the noise may be left in what drifted; less takes no more of the contrast than drift does.
MOST_NOISE = 0.45
ALMOST_ALL = 0.9  # of the picture; damage of so much is damage of all of it


class Likeness(StrEnum):
    """What a comparison ends in."""

    SAME = "same"
    DRIFTED = "drifted"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a picture may be from its reference and still be the same: each pixel, and the mean
    of each small cell (None: cells are not looked at), in levels of 0 to 255; and how far by its
    structure to have drifted, and no more."""

    levels: int
    drift: float | None = None
    structure: Structure = USUAL


@dataclass(frozen=True, slots=True)
class Judgement:
    """``difference`` tells the damage, and is None where there is none; ``levels`` is how far
    the samples of a picture that drifted differ, in the mean of all."""

    likeness: Likeness
    difference: Difference | None = None
    levels: float = 0.0


def judge(
    picture: Pixels, reference: Pixels, allowed: Tolerance, others: Sequence[Candidate] = ()
) -> Judgement:
    """The same: every pixel agrees within the tolerance. Drifted: not so, but the structure is the
    same everywhere, and what differs does not end abruptly beside what is exact.

    ``others`` as ``compare`` takes them.
    """
    exact = compare(picture, reference, allowed.levels, drift_tolerance=allowed.drift)
    if exact is None:
        return Judgement(Likeness.SAME)
    cells = _cells(picture, reference, allowed, exact)
    if cells is not None and not cells.any():
        noisy = _is_noisy(picture, reference)
        if not noisy and not ends_abruptly(picture, reference, allowed.levels):
            apart = np.abs(picture[:, :, :3].astype(np.int16) - reference[:, :, :3])
            return Judgement(Likeness.DRIFTED, levels=float(apart.mean()))
        cells = None
    if cells is None or _pixels_tell_the_place(picture, reference, allowed, exact):
        told = compare(picture, reference, allowed.levels, others, drift_tolerance=allowed.drift)
    else:
        told = _damage(picture, reference, cells, allowed, others)
    return Judgement(Likeness.DAMAGED, told)


def _cells(
    picture: Pixels, reference: Pixels, allowed: Tolerance, found: Difference
) -> Mask | None:
    """The cells whose structure is not the same; None where that cannot be told: of another size,
    too small for cells, or seen through elsewhere."""
    if found.content is Content.WRONG_SIZE or min(picture.shape[:2]) < LEAST_SIDE:
        return None
    if (with_alpha(picture)[:, :, 3] != with_alpha(reference)[:, :, 3]).any():
        return None
    return damaged_cells(scores(picture, reference), allowed.structure)


def _is_noisy(picture: Pixels, reference: Pixels) -> bool:
    """Whether much of the noise is left in all of it: the structure of the right content shows."""
    found = makeup(picture, reference)
    return found is not None and found.noise_left > MOST_NOISE


def _pixels_tell_the_place(
    picture: Pixels, reference: Pixels, allowed: Tolerance, found: Difference
) -> bool:
    """Whether the comparison by pixels tells damage best: in a picture that is exact beside it, or
    hardly different but for its tone."""
    if found.elsewhere:
        return found.by_tone or found.elsewhere <= CALM
    part = found.share < ALMOST_ALL
    return part and ends_abruptly(picture, reference, allowed.levels)


def _damage(
    picture: Pixels,
    reference: Pixels,
    cells: Mask,
    allowed: Tolerance,
    others: Sequence[Candidate],
) -> Difference:
    height, width = reference.shape[:2]
    whole = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
    rest = [(0, side - its) for side, its in zip((height, width), whole.shape, strict=True)]
    mask = np.pad(whole, rest, mode="edge")
    regions = regions_of(mask)
    if regions[0].share > ALMOST_ALL:
        regions = (Region.whole(height, width),)
    inside = inner(regions[0])
    what = what_lies_there(picture, reference, inside, allowed.levels, others)
    if what.content is Content.UNKNOWN:
        what = _by_structure(picture, inside, others) or what
    return Difference(regions, what.content, what.phrase, what.source, float(mask.mean()))


def _by_structure(picture: Pixels, region: Region, others: Sequence[Candidate]) -> What | None:
    """The candidate whose content lies there, drifted as all pictures are."""
    here = picture[region.slices]
    for other in others:
        if other.pixels.shape[:2] == picture.shape[:2] and is_alike(
            here, other.pixels[region.slices]
        ):
            return What(Content.OTHER_PICTURE, f"show {other.label}", other.label)
    return None

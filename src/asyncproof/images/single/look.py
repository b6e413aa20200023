"""All rules for one picture, in one look."""

from asyncproof.images.pixels import Pixels
from asyncproof.images.single.blank import blank_boxes, blank_strips
from asyncproof.images.single.colour import (
    blank,
    lost_channel,
    repeated_rows,
    solid,
    transparent,
)
from asyncproof.images.single.cuts import dead_edges
from asyncproof.images.single.missing_lines import missing_lines
from asyncproof.images.single.noise import noise
from asyncproof.images.single.seams import seams
from asyncproof.images.single.statistics import Statistics, measure
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import DEFAULT, Thresholds
from asyncproof.images.single.tiles import missing_tiles
from asyncproof.images.single.undenoised import undenoised

MIN_SIDE = 64  # pixels; smaller pictures have too little to look at


def look(pixels: Pixels, limits: Thresholds = DEFAULT) -> tuple[Suspicion, ...]:
    """Every suspicion against RGB or RGBA pixels, the strongest first; () means none."""
    if min(pixels.shape[:2]) < MIN_SIDE:
        return ()
    return judge_statistics(pixels, measure(pixels), limits)


def judge_statistics(
    pixels: Pixels, statistics: Statistics, limits: Thresholds = DEFAULT
) -> tuple[Suspicion, ...]:
    """The same, where the statistics are known already."""
    one_colour = tuple(solid(pixels, statistics, limits))
    if one_colour:
        return one_colour
    found = [
        *blank(pixels, statistics, limits),
        *transparent(pixels, limits),
        *lost_channel(statistics, limits),
        *dead_edges(pixels, statistics, limits),
        *seams(pixels, statistics, limits),
        *missing_tiles(pixels, statistics, limits),
        *noise(statistics, limits),
        *undenoised(statistics, limits),
        *blank_strips(pixels, statistics, limits),
        *blank_boxes(statistics, limits),
        *repeated_rows(pixels, statistics, limits),
        *missing_lines(pixels, statistics, limits),
    ]
    if not _EXACT.isdisjoint(suspicion.sign for suspicion in found):
        found = [suspicion for suspicion in found if suspicion.sign is not Sign.BLANK]
    return tuple(sorted(found, key=lambda suspicion: -suspicion.strength))


# Where one of these tells the damage to the pixel, what is known to a cell would repeat it.
_EXACT = {Sign.DEAD_EDGE, Sign.MISSING_TILE, Sign.SEAM}

"""All rules for one picture, in one look."""

from tests.e2e.async_inference.pictures.alone.colour import (
    lost_channel,
    repeated_rows,
    solid,
    transparent,
)
from tests.e2e.async_inference.pictures.alone.cuts import dead_edges
from tests.e2e.async_inference.pictures.alone.noise import noise
from tests.e2e.async_inference.pictures.alone.seams import seams
from tests.e2e.async_inference.pictures.alone.statistics import Statistics, measure
from tests.e2e.async_inference.pictures.alone.suspicion import Suspicion
from tests.e2e.async_inference.pictures.alone.thresholds import DEFAULT, Thresholds
from tests.e2e.async_inference.pictures.alone.tiles import missing_tiles
from tests.e2e.async_inference.pictures.pixels import Pixels

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
    blank = tuple(solid(pixels, statistics, limits))
    if blank:
        return blank
    found = [
        *transparent(pixels, limits),
        *lost_channel(statistics, limits),
        *dead_edges(pixels, statistics, limits),
        *seams(pixels, statistics, limits),
        *missing_tiles(pixels, statistics, limits),
        *noise(statistics, limits),
        *repeated_rows(pixels, statistics, limits),
    ]
    return tuple(sorted(found, key=lambda suspicion: -suspicion.strength))

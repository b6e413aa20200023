"""What is not there: colours, a channel, opaque pixels, any row but one."""

from collections.abc import Iterator

import numpy as np

from tests.e2e.async_inference.pictures.alone.cuts import busy_share
from tests.e2e.async_inference.pictures.alone.statistics import Statistics
from tests.e2e.async_inference.pictures.alone.suspicion import Sign, Suspicion
from tests.e2e.async_inference.pictures.alone.thresholds import Thresholds
from tests.e2e.async_inference.pictures.content import colour_name
from tests.e2e.async_inference.pictures.pixels import Pixels
from tests.e2e.async_inference.pictures.region import Region

_NAMES = ("red", "green", "blue")


def solid(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The whole picture is one colour."""
    spread = statistics.row_high.max(axis=0) - statistics.row_low.min(axis=0)
    if (spread <= limits.flat_range).all():
        whole = Region.whole(statistics.height, statistics.width)
        words = f"are flat {colour_name(pixels[0, 0, :3].astype(np.float64))}"
        yield Suspicion(Sign.SOLID, whole, words, 1.0)


def lost_channel(statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """One channel says nothing while the others do."""
    spread = statistics.row_high.max(axis=0) - statistics.row_low.min(axis=0)
    for channel, name in enumerate(_NAMES):
        others = np.delete(spread, channel)
        if spread[channel] <= limits.channel_range and others.max() >= limits.channel_others:
            whole = Region.whole(statistics.height, statistics.width)
            yield Suspicion(Sign.LOST_CHANNEL, whole, f"have lost the {name} channel", 1.0)


def transparent(pixels: Pixels, limits: Thresholds) -> Iterator[Suspicion]:
    """Pixels that nobody can see."""
    if pixels.shape[2] < 4:
        return
    clear = pixels[:, :, 3] == 0
    share = float(clear.mean())
    if share > limits.alpha_share:
        rows, columns = np.flatnonzero(clear.any(axis=1)), np.flatnonzero(clear.any(axis=0))
        height, width = clear.shape
        region = Region(
            int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1, width, height
        )
        yield Suspicion(Sign.TRANSPARENT, region, "are transparent", share / limits.alpha_share)


def repeated_rows(
    pixels: Pixels, statistics: Statistics, limits: Thresholds
) -> Iterator[Suspicion]:
    """The longest run of equal rows, if they change from pixel to pixel as drawn ones do not."""
    same = statistics.row_changes == 0
    same[0] = False
    start, length = _longest_run(same)
    if length + 1 >= limits.repeated_rows and busy_share(pixels[start, :, :3]) >= limits.busy_share:
        height, width = statistics.height, statistics.width
        region = Region(0, start, width, start + length, width, height)
        words = f"repeat row {start - 1}"
        yield Suspicion(Sign.REPEATED_ROWS, region, words, (length + 1) / limits.repeated_rows)


def _longest_run(flags: np.typing.NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest] - starts[longest])

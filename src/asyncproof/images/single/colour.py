"""What is not there: colours, a channel, opaque pixels, any row but one."""

from collections.abc import Iterator, Sequence

import numpy as np

from asyncproof.images.pixels import Pixels
from asyncproof.images.reference.content import colour_name
from asyncproof.images.region import Region, enclosing, regions_of
from asyncproof.images.single.cuts import busy_share
from asyncproof.images.single.statistics import Statistics
from asyncproof.images.single.suspicion import Sign, Suspicion
from asyncproof.images.single.thresholds import Thresholds

BLACK_BELOW = 10  # levels; as the six rules have it
_PICTURE = "the whole picture"
_NAMES = ("red", "green", "blue")


def solid(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """The whole picture is one colour, exactly or nearly."""
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


def blank(pixels: Pixels, statistics: Statistics, limits: Thresholds) -> Iterator[Suspicion]:
    """Nothing to see though no two pixels need be alike: all of it black, or of one level."""
    low, high = statistics.row_low.min(axis=0), statistics.row_high.max(axis=0)
    whole = Region.whole(statistics.height, statistics.width)
    if (high < BLACK_BELOW).all():
        yield Suspicion(Sign.SOLID, whole, "is blank black", 1.0, _PICTURE)
        return
    if (high - low > limits.blank_range).any():
        return
    rgb = pixels[:, :, :3]
    spread = float(rgb.std(axis=(0, 1)).max())
    colour = rgb.mean(axis=(0, 1))
    if spread <= min(limits.blank_spread, limits.blank_contrast * float(colour.max())):
        words = f"is blank {colour_name(colour)}, with a variance of {spread**2:.1f}"
        strength = limits.blank_spread / max(spread, 0.1)
        yield Suspicion(Sign.SOLID, whole, words, strength, _PICTURE)


def transparent(pixels: Pixels, limits: Thresholds) -> Iterator[Suspicion]:
    """Pixels that nobody can see."""
    if pixels.shape[2] < 4:
        return
    clear = pixels[:, :, 3] == 0
    share = float(clear.mean())
    if share > limits.alpha_share:
        regions = regions_of(clear)
        around = enclosing(regions)
        fills = share >= limits.alpha_fill * around.share
        place = "" if fills else _place(regions, around)
        strength = share / limits.alpha_share
        yield Suspicion(
            Sign.TRANSPARENT, around, "are transparent", strength, place, None if fills else share
        )


def _place(regions: Sequence[Region], around: Region) -> str:
    """Where pixels lie that do not fill the rectangle around them."""
    corners = [r for r in regions if _in_corner(r)]
    if len(corners) == len(regions) <= len(_CORNERS):
        return f"pixels in {_CORNERS[len(corners) - 1]}"
    if len(regions) > 1:
        return f"pixels in {len(regions)} places within {around}"
    return f"some pixels of {around}"


def _in_corner(region: Region) -> bool:
    at_side = (region.left == 0) is not (region.right == region.width)
    return at_side and (region.top == 0) is not (region.bottom == region.height)


_CORNERS = ("a corner", "two corners", "three corners", "the four corners")


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

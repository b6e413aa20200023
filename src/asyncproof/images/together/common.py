"""What is wrong with all pictures of a run: a statistic over pictures of different requests.

No rule here could be held against one picture. Each asks for something that a model has no reason
to do in nearly all of its pictures, whatever they show; some also ask what prompts named: red hair
and blue hair, night and noon, sky above the sea. Where no prompt named it, these rules say nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from asyncproof.images.together.measure import Measures

LEAST_PICTURES = 10  # of different requests
ALL_BUT_ONE = 0.95  # of twenty
NEARLY_ALL = 0.9
MOST = 0.75
HALF = 0.6
LEAST_ASKED = 3  # pictures on each side of a contrast that prompts named
GRID = 32  # pixels; tiles begin at multiples of it
COLOURS = ("red", "blue", "green", "yellow", "pink", "orange", "purple")
DAYLIT = ("noon", "daylight", "midday")
OUTSIDE = ("sea", "ocean", "valley", "mountain", "mountains", "landscape")


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture: what was asked for, and what was measured."""

    prompt: str
    measures: Measures

    def names(self, *words: str) -> bool:
        """Whether the prompt has one of these words."""
        return not set(words).isdisjoint(self.prompt.lower().replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Common:
    """``seen`` is what the pictures have in common, ``cause`` where to look first."""

    name: str
    seen: str
    cause: str


Together = Callable[[Sequence[Shown]], Common | None]


def common(shown: Sequence[Shown]) -> Common | None:
    """The most telling thing that is wrong with nearly all of these pictures, one for each request;
    None where nothing is, or where there are fewer than ``LEAST_PICTURES``."""
    if len(shown) < LEAST_PICTURES:
        return None
    return next((found for rule in RULES if (found := rule(shown))), None)


def _share(shown: Sequence[Shown], holds: Callable[[Measures], bool]) -> float:
    return sum(holds(one.measures) for one in shown) / len(shown)


def _squares(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.squares > 1) < NEARLY_ALL:
        return None
    side = median(one.measures.squares for one in shown)
    return Common(
        "squares",
        f"pictures are made of squares of {side:.0f} equal pixels",
        "they were made small and scaled up by repeating pixels: a preview of the latents was "
        "saved instead of what the decoder gives",
    )


def _preview(shown: Sequence[Shown]) -> Common | None:
    """Next to nothing is finer than eight pixels or so, and not for want of contrast."""

    def soft(m: Measures) -> bool:
        coarsest, coarse, _, fine, _ = m.bands
        return coarse > 40 * fine and coarsest > 500 * fine

    if _share(shown, soft) < ALL_BUT_ONE:
        return None
    return Common(
        "preview",
        "pictures have no detail finer than about eight pixels",
        "a preview of the latents was saved, scaled up, instead of what the decoder gives",
    )


def _enlarged(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.bands[3] > 80 * m.bands[4]) < ALL_BUT_ONE:
        return None
    return Common(
        "enlarged",
        "pictures have no detail finer than two pixels",
        "they were made at half their size or less and scaled up; make them at the size asked for",
    )


def _checkerboard(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.lattice >= 0.9 and m.lattice >= 3 * m.chance) < NEARLY_ALL:
        return None
    levels = median(one.measures.lattice for one in shown)
    return Common(
        "lattice",
        f"the same pattern of {levels:.1f} levels repeats every eight pixels or fewer",
        "transposed convolutions of the decoder that do not overlap evenly, patches of a "
        "transformer that are put together wrongly, or weights of another decoder",
    )


def _blocks(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.blocks >= 1.2) < MOST:
        return None
    if median(one.measures.blocks for one in shown) < 1.35:
        return None
    return Common(
        "blocks",
        "borders show every eight pixels",
        "pictures were packed as JPEG of low quality on the way and then stored anew",
    )


def _seams(shown: Sequence[Shown]) -> Common | None:
    lines = []
    for axis in ("rows", "columns"):
        seen = Counter(line for one in shown for line in getattr(one.measures, axis))
        often = [line for line, count in seen.items() if count >= MOST * len(shown)]
        lines.append(sorted(line for line in often if line % GRID == 0))
    if not all(lines):
        return None
    return Common(
        "seams",
        f"pictures jump at row {lines[0][0]} and column {lines[1][0]} in most pictures",
        "the decoder works in tiles that do not overlap, or are blended wrongly: widen the "
        "overlap, or decode in one piece",
    )


def _sheared(shown: Sequence[Shown]) -> Common | None:
    shifts = Counter(one.measures.sheared for one in shown)
    shift, count = shifts.most_common(1)[0]
    if shift == 0 or count < HALF * len(shown):
        return None
    return Common(
        "sheared",
        f"each row fits {abs(shift)} px further along than the one above it",
        "rows are read with another length than they were written with: a width that was rounded "
        "up, or padding at the end of rows",
    )


def _planes(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.thirds >= 0.28) < NEARLY_ALL:
        return None
    return Common(
        "planes",
        "pictures show the same nine times, side by side",
        "channels x rows x columns were read as rows x columns x channels: permute the axes "
        "instead of reshaping",
    )


def _few_colours(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.colours <= 256 and m.chroma >= 0.5) < NEARLY_ALL:
        return None
    return Common(
        "few colours",
        "no picture has more than 256 colours",
        "pictures were saved with a palette on the way (GIF, or PNG of mode P)",
    )


def _quantised(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.used <= 0.12) < NEARLY_ALL:
        return None
    return Common(
        "quantised",
        f"only {median(one.measures.used for one in shown):.0%} of the levels occur",
        "values went through a type with too few bits (eight-bit floats, integers before scaling)",
    )


def _wrapped(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.wrapped >= 3e-4) < NEARLY_ALL:
        return None
    return Common(
        "wrapped",
        "single channels jump from one end of the levels to the other",
        "values beyond 0..255 wrapped around: clamp the decoder's output before it becomes bytes",
    )


def _overdriven(shown: Sequence[Shown]) -> Common | None:
    def hard(m: Measures) -> bool:
        return m.black + m.white >= 0.45 and m.clipped >= 0.0005

    if _share(shown, hard) < MOST or _share(shown, lambda m: m.black >= 0.05) < NEARLY_ALL:
        return None
    if _share(shown, lambda m: m.white >= 0.1) < 0.5:
        return None
    share = median(one.measures.black + one.measures.white for one in shown)
    return Common(
        "overdriven",
        f"{share:.0%} of the samples are at the ends of the levels",
        "latents were not divided by the scaling factor of the decoder, or by that of another one",
    )


def _half_lost(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.black >= 0.15) < NEARLY_ALL:
        return None
    if _share(shown, lambda m: m.clipped >= 0.005) < HALF:
        return None
    share = median(one.measures.black for one in shown)
    return Common(
        "half lost",
        f"{share:.0%} of the samples are zero, beside bright ones of the same pixels",
        "the decoder's -1..1 was taken for 0..1 and clamped: halve it and add a half first",
    )


def _flat_tone(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.low >= 96 and m.high <= 160) < ALL_BUT_ONE:
        return None
    span = median(one.measures.high - one.measures.low for one in shown)
    return Common(
        "flat tone",
        f"pictures span {span:.0f} of 255 levels",
        "latents were divided by the scaling factor twice, or decoded without their deviation",
    )


def _washed_out(shown: Sequence[Shown]) -> Common | None:
    lows = sorted(one.measures.low for one in shown)
    if not 125 <= lows[0] <= 129 or sum(low <= 131 for low in lows) < 2:
        return None
    return Common(
        "washed out",
        f"nothing in any picture is darker than level {lows[0]:.0f}",
        "-1..1 was brought to 0..1 twice: half of it is done by the decoder already",
    )


def _noise_left(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.grain >= 8) < NEARLY_ALL:
        return None
    levels = median(one.measures.grain for one in shown)
    return Common(
        "noise left",
        f"even the quietest parts have noise of {levels:.0f} levels",
        "the last step is missing: the sampler's last sigma is not zero, or its loop ends early",
    )


def _green(shown: Sequence[Shown]) -> Common | None:
    if _share(shown, lambda m: m.green >= 20) < NEARLY_ALL:
        return None
    return Common(
        "green",
        "everything is green",
        "one channel of the latents is off: half precision overflows, or the weights of another "
        "decoder were loaded",
    )


def _colourless(shown: Sequence[Shown]) -> Common | None:
    coloured = [one for one in shown if one.names(*COLOURS)]
    if len(coloured) < LEAST_ASKED or _share(shown, lambda m: m.chroma < 0.5) < NEARLY_ALL:
        return None
    return Common(
        "colourless",
        "pictures are grey, though prompts name colours",
        "one channel was written three times, or pictures were converted to grey",
    )


def _swapped(shown: Sequence[Shown]) -> Common | None:
    portraits = [one for one in shown if one.names("hair")]
    red, blue = ([o.measures.red_blue for o in portraits if o.names(c)] for c in ("red", "blue"))
    if min(len(red), len(blue)) < LEAST_ASKED:
        return None
    skins = [one.measures.skin for one in portraits]
    if (
        min(blue) <= max(red)
        or mean(blue) - mean(red) < 12
        or sorted(skins)[len(skins) // 4 * 3] >= 0
    ):
        return None
    return Common(
        "red and blue swapped",
        "red hair is blue, blue hair is red, and skin is blue",
        "the file was written in the order of another library: BGR where RGB belongs",
    )


def _negative(shown: Sequence[Shown]) -> Common | None:
    night, noon = _light(shown)
    if min(len(night), len(noon)) < LEAST_ASKED:
        return None
    if min(night) <= max(noon) or mean(night) - mean(noon) < 40:
        return None
    return Common(
        "negative",
        "night is brighter than noon",
        "levels were turned round on the way: the sign of the decoder's output, or 255 less it",
    )


def _light(shown: Sequence[Shown]) -> tuple[list[float], list[float]]:
    night = [one.measures.light for one in shown if one.names("night")]
    noon = [one.measures.light for one in shown if one.names(*DAYLIT) and not one.names("night")]
    return night, noon


def _upside_down(shown: Sequence[Shown]) -> Common | None:
    outside = [one for one in shown if one.names(*DAYLIT) and one.names(*OUTSIDE)]
    if len(outside) < 2 * LEAST_ASKED or any(one.measures.fall > -15 for one in outside):
        return None
    return Common(
        "upside down",
        "the sky is below the sea and the land",
        "rows were written from the bottom up: another library's origin, or a negative stride",
    )


RULES: tuple[Together, ...] = (
    _squares,
    _preview,
    _enlarged,
    _checkerboard,
    _seams,
    _blocks,
    _sheared,
    _planes,
    _quantised,
    _few_colours,
    _wrapped,
    _overdriven,
    _half_lost,
    _flat_tone,
    _washed_out,
    _noise_left,
    _colourless,
    _negative,
    _swapped,
    _upside_down,
    _green,
)
"""The most telling first: what a rule further down sees may be a consequence."""

"""What lies in a region of a picture that should show something else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from asyncproof.images.pixels import Pixels, with_alpha
from asyncproof.images.reference.latents import is_nearly_flat, makeup, mixture, place_of
from asyncproof.images.region import Region

ENOUGH = 0.97  # share of the pixels that have to agree
FLAT_SPREAD = 3.0  # levels; a flat colour may carry the grain of a lossy format
NOISE_SPREAD = 12.0  # levels; fainter grain is not called noise
NOISE_ROUGHNESS = 0.55  # variance of neighbours' differences ÷ twice the variance; 1 is white noise
MOST_MOVED = 0.4  # of the picture that is looked for in another place of it
BLEND_RESIDUAL = 0.1  # of the change may stay unexplained by a blend


class Content(StrEnum):
    """Kinds of wrong content."""

    TRANSPARENT = "transparent"
    FLAT = "flat"
    CHANNEL = "lost channel"
    REPEATED_ROW = "repeated row"
    REPEATED_COLUMN = "repeated column"
    OTHER_PICTURE = "other picture"
    OTHER_ROWS = "rows of another place"
    SHIFTED = "shifted"
    NOISE = "noise"
    BLEND = "blend"
    UNDENOISED = "noise left"
    CONTRAST = "contrast"
    WRONG_SIZE = "wrong size"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another picture whose content may have got into this one.

    ``label`` completes the sentence "rows 5–9 show …": ``job_004``, ``the picture of job_002 before
    it``, ``the look of LoRA b``, ``the same request without its LoRA``.
    """

    label: str
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class What:
    """The kind of content, a phrase that follows the place, and the candidate it came from."""

    content: Content
    phrase: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Scene:
    """A region as it is (``here``) and as it should be (``there``), and where else to look."""

    here: Pixels
    there: Pixels
    region: Region
    tolerance: int
    shake: int
    reference: Pixels
    others: tuple[Candidate, ...]


def what_lies_there(
    picture: Pixels,
    reference: Pixels,
    region: Region,
    tolerance: int,
    others: Sequence[Candidate],
    *,
    shake: int | None = None,
) -> What:
    """The first explanation that fits, the most specific ones first.

    ``picture`` and ``reference`` have the same size; candidates of another size are passed over.
    ``shake``: levels that neighbours may differ by where all is of one colour, if that is less than
    ``tolerance``, by which content may be off that came from elsewhere.
    """
    picture, reference = with_alpha(picture), with_alpha(reference)
    fitting = tuple(
        Candidate(other.label, with_alpha(other.pixels))
        for other in others
        if other.pixels.shape[:2] == reference.shape[:2]
    )
    here, there = picture[region.slices], reference[region.slices]
    shake = tolerance if shake is None else shake
    scene = _Scene(here, there, region, tolerance, shake, reference, fitting)
    guesses = (what for guess in _GUESSES for what in guess(scene))
    return next(guesses, What(Content.UNKNOWN, "differ from the idle reference"))


def _alike(one: Pixels, other: Pixels, tolerance: int) -> bool:
    if one.shape != other.shape:
        return False
    apart = (np.maximum(one, other) - np.minimum(one, other)).max(axis=2)
    return bool(np.mean(apart <= tolerance) >= ENOUGH)


def _transparent(scene: _Scene) -> Iterator[What]:
    if np.mean(scene.here[:, :, 3] == 0) >= ENOUGH and np.mean(scene.there[:, :, 3]) > 0:
        yield What(Content.TRANSPARENT, "are transparent")


def _flat(scene: _Scene) -> Iterator[What]:
    rgb = scene.here[:, :, :3].reshape(-1, 3)
    middle = np.median(rgb, axis=0)
    within = np.abs(rgb - middle).max(axis=1) <= FLAT_SPREAD + scene.shake
    if np.mean(within) >= ENOUGH:
        yield What(Content.FLAT, f"are flat {colour_name(middle)}")


def colour_name(colour: npt.NDArray[np.float64]) -> str:
    """A word for black, white and grey, else the hexadecimal RGB."""
    low, high = float(colour.min()), float(colour.max())
    if high < 10:
        return "black"
    if low > 245:
        return "white"
    if high - low <= 8:
        return "grey"
    return "#" + "".join(f"{round(float(c)):02x}" for c in colour)


def _lost_channel(scene: _Scene) -> Iterator[What]:
    """One channel is constant and the others are as they should be."""
    for channel, name in enumerate(("red", "green", "blue")):
        rest = [c for c in range(3) if c != channel]
        constant = np.ptp(scene.here[:, :, channel]) <= scene.shake
        if constant and _alike(scene.here[:, :, rest], scene.there[:, :, rest], scene.shake):
            yield What(Content.CHANNEL, f"have lost the {name} channel")


def _other_picture(scene: _Scene) -> Iterator[What]:
    for other in scene.others:
        if _alike(scene.here, other.pixels[scene.region.slices], scene.tolerance):
            yield What(Content.OTHER_PICTURE, f"show {other.label}", other.label)


def _toned_picture(scene: _Scene) -> Iterator[What]:
    """What another picture has there, its tone moved by a decoder that weighs all of a picture."""
    for other in scene.others:
        found = mixture(scene.here, other.pixels[scene.region.slices], scene.there)
        if found is not None and found.is_the_first_alone:
            yield What(Content.OTHER_PICTURE, f"show {other.label}", other.label)


def _repeated(scene: _Scene) -> Iterator[What]:
    here = scene.here
    if here.shape[0] > 2 and _alike(here, np.broadcast_to(here[:1], here.shape), scene.shake):
        yield What(Content.REPEATED_ROW, "repeat one row")
    if here.shape[1] > 2 and _alike(here, np.broadcast_to(here[:, :1], here.shape), scene.shake):
        yield What(Content.REPEATED_COLUMN, "repeat one column")


def _other_rows(scene: _Scene) -> Iterator[What]:
    """The region of another place, higher or lower, of a candidate or of the picture itself."""
    here, region = scene.here, scene.region
    for source in (Candidate("this picture", scene.reference), *scene.others):
        columns = source.pixels[:, region.left : region.right]
        for top in _rows_like(columns, here[0], scene.tolerance):
            if _alike(here, columns[top : top + len(here)], scene.tolerance):
                label = f"rows {top}–{top + len(here) - 1} of {source.label}"
                yield What(Content.OTHER_ROWS, f"show {label}", source.label)
                break


def _rows_like(rows: Pixels, row: Pixels, tolerance: int) -> list[int]:
    sample = slice(None, None, max(1, row.shape[0] // 64))  # a few pixels tell most rows apart
    few, one = rows[:, sample], row[sample]
    apart = (np.maximum(few, one) - np.minimum(few, one)).max(axis=2)
    return [int(i) for i in np.flatnonzero(np.mean(apart <= tolerance, axis=1) >= ENOUGH)]


def _shifted(scene: _Scene) -> Iterator[What]:
    """The right rows, moved sideways: found by the peak of their circular correlation."""
    if not scene.region.all_columns:
        return
    width = scene.region.width
    moved, right = (np.fft.rfft(_around_zero(p)) for p in (scene.here, scene.there))
    peaks = np.fft.irfft((moved * np.conj(right)).sum(axis=0), width)
    shift = int(np.argmax(peaks))
    shift -= width if shift > width // 2 else 0
    inner = slice(shift, None) if shift > 0 else slice(None, shift)
    if shift and _alike(
        scene.here[:, inner], np.roll(scene.there, shift, axis=1)[:, inner], scene.tolerance
    ):
        yield What(Content.SHIFTED, f"are shifted sideways by {shift} pixels")


def _around_zero(pixels: Pixels) -> npt.NDArray[np.float64]:
    green = pixels[:, :, 1]
    return np.asarray(green - green.mean(axis=1, keepdims=True))


def _noise(scene: _Scene) -> Iterator[What]:
    spread = float(scene.here[:, :, :3].std())
    if spread > NOISE_SPREAD and roughness(scene.here) > NOISE_ROUGHNESS:
        yield What(Content.NOISE, "are noise")


def roughness(pixels: Pixels) -> float:
    """How unrelated neighbours are: near 1 for white noise, near 0 for smooth content."""
    levels = pixels[:, :, :3].astype(np.float32)
    if min(levels.shape[:2]) < 4:
        return 0.0
    variance = float(levels.var(axis=(0, 1)).mean())
    steps = [float(np.diff(levels, axis=axis).var()) for axis in (0, 1)]
    return min(steps) / (2 * variance) if variance else 0.0


def _blend(scene: _Scene) -> Iterator[What]:
    """A mixture of the right content with a candidate's: one weight explains the change."""
    right = scene.there[:, :, :3].astype(np.float32)
    change = scene.here[:, :, :3] - right
    for other in scene.others:
        apart = other.pixels[scene.region.slices][:, :, :3] - right
        weight = float((change * apart).sum() / max(1.0, float((apart**2).sum())))
        rest = float(((change - weight * apart) ** 2).sum() / max(1.0, float((change**2).sum())))
        if 0.05 < weight < 0.98 and rest < BLEND_RESIDUAL:
            phrase = f"are blended with {weight:.0%} of {other.label}"
            yield What(Content.BLEND, phrase, other.label)


def _never_drawn(scene: _Scene) -> Iterator[What]:
    """What a decoder makes of noise and of nothing."""
    found = makeup(scene.here, scene.there)
    if found is not None and found.is_noise:
        yield What(Content.NOISE, "are undenoised noise")
    told = found is not None and found.is_like and scene.region.share > MOST_MOVED
    if found is not None and (found.is_flat or (is_nearly_flat(scene.here) and not told)):
        middle = np.median(scene.here[:, :, :3].reshape(-1, 3), axis=0)
        yield What(Content.FLAT, f"are nearly flat {colour_name(middle)}")


def _half_drawn(scene: _Scene) -> Iterator[What]:
    """The right content with noise left in it, or with another contrast."""
    found = makeup(scene.here, scene.there)
    if found is not None and found.noise_left:
        share = f"about {found.noise_left:.0%} of the noise is left".replace("%", " %")
        yield What(Content.UNDENOISED, f"are not fully denoised: {share}")
    if found is not None and found.contrast != 1:
        yield What(Content.CONTRAST, f"have {found.contrast:.1f} times the contrast")


def _moved(scene: _Scene) -> Iterator[What]:
    """Content of another place of the same picture, found by its correlation there."""
    region, reference = scene.region, scene.reference
    if region.share > MOST_MOVED:
        return
    place = place_of(scene.here, reference)
    if place is not None and place != (region.top, region.left):
        top, left = place
        height, width = scene.here.shape[:2]
        there = Region(left, top, left + width, top + height, region.width, region.height)
        yield What(Content.OTHER_ROWS, f"show {there} of this picture", "this picture")


_GUESSES: tuple[Callable[[_Scene], Iterator[What]], ...] = (
    _transparent,
    _flat,
    _lost_channel,
    _other_picture,
    _repeated,
    _other_rows,
    _shifted,
    _noise,
    _toned_picture,
    _never_drawn,
    _blend,
    _half_drawn,
    _moved,
)

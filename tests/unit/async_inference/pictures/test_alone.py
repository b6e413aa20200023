"""One picture alone: each sign is seen where it is, and what only looks like it is left alone."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.async_inference.pictures.alone import Sign, look
from tests.e2e.async_inference.pictures.alone.statistics import measure
from tests.unit.async_inference.pictures.files import Pixels

SIDE = 512


def a_photo(seed: int = 1) -> Pixels:
    """Smooth shapes of several sizes with a faint grain, as a decoder of latents paints."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    levels = np.zeros((SIDE, SIDE, 3)) + rng.uniform(80, 160, 3)
    for size in (1, 2, 4, 8, 16):
        for channel in range(3):
            a, b, phase = rng.uniform(-6, 6, 3)
            levels[:, :, channel] += 45 / size * np.sin(size * (a * x + b * y) + phase)
    return (levels + rng.normal(0, 0.8, levels.shape)).round().clip(0, 255).astype(np.uint8)


PHOTO, PREVIOUS = a_photo(1), a_photo(2)
NOISE = np.random.default_rng(1).integers(0, 256, PHOTO.shape, np.uint8)


def changed(paint: Callable[[Pixels], object], picture: Pixels = PHOTO) -> Pixels:
    copy = picture.copy()
    paint(copy)
    return copy


def plain(seed: int = 4) -> Pixels:
    """Nothing but the grain of a decoder."""
    grain = np.random.default_rng(seed).normal(120, 1.5, (SIDE, SIDE, 3))
    return grain.round().astype(np.uint8)


def fill(rows: slice, columns: slice, value: npt.ArrayLike) -> Pixels:
    return changed(lambda p: p.__setitem__((rows, columns), value))


ALL = slice(None)
BOTTOM = slice(360, None)
DAMAGED: dict[str, tuple[Pixels, Sign, str]] = {
    "black bottom": (fill(BOTTOM, ALL, 0), Sign.DEAD_EDGE, "rows 360–511 are flat black (29.7 %)"),
    "grey top": (fill(slice(90), ALL, 128), Sign.DEAD_EDGE, "rows 0–89 are flat grey (17.6 %)"),
    "white left": (
        fill(ALL, slice(60), 255),
        Sign.DEAD_EDGE,
        "columns 0–59 are flat white (11.7 %)",
    ),
    "blue right": (
        fill(ALL, slice(400, None), (10, 20, 200)),
        Sign.DEAD_EDGE,
        "columns 400–511 are flat #0a14c8 (21.9 %)",
    ),
    "previous picture": (
        fill(BOTTOM, ALL, PREVIOUS[BOTTOM]),
        Sign.SEAM,
        "rows 360–511 do not belong to the rest (seam at row 360) (29.7 %)",
    ),
    "missing tile": (
        fill(slice(128, 192), slice(256, 320), 128),
        Sign.MISSING_TILE,
        "pixels x 256–319, y 128–191 (tile 4,2) are flat grey (1.6 %)",
    ),
    "missing tile of the colour around it": (
        changed(lambda p: p.__setitem__((slice(128, 192), slice(64, 128)), 120), plain()),
        Sign.MISSING_TILE,
        "pixels x 64–127, y 128–191 (tile 1,2) are flat grey (1.6 %)",
    ),
    "bottom of the colour above it": (
        changed(lambda p: p.__setitem__(BOTTOM, 120), plain()),
        Sign.DEAD_EDGE,
        "rows 360–511 are flat grey (29.7 %)",
    ),
    "previous picture below a plain one": (
        changed(lambda p: p.__setitem__(BOTTOM, plain(5)[BOTTOM] + 7), plain()),
        Sign.SEAM,
        "rows 360–511 do not belong to the rest (seam at row 360) (29.7 %)",
    ),
    "noise tile": (
        fill(slice(64, 192), slice(64, 192), NOISE[:128, :128]),
        Sign.NOISE,
        "pixels x 64–191, y 64–191 are noise (6.2 %)",
    ),
    "noise bottom": (
        fill(slice(384, None), ALL, NOISE[384:]),
        Sign.NOISE,
        "rows 384–511 are noise (25.0 %)",
    ),
    "noise": (NOISE, Sign.NOISE, "all rows are noise (100.0 %)"),
    "latent noise": (
        NOISE[:64, :64].repeat(8, axis=0).repeat(8, axis=1),
        Sign.NOISE,
        "all rows are undenoised noise (100.0 %)",
    ),
    "solid": (np.full_like(PHOTO, 90), Sign.SOLID, "all rows are flat grey (100.0 %)"),
    "lost channel": (
        changed(lambda p: p.__setitem__((ALL, ALL, 1), 0)),
        Sign.LOST_CHANNEL,
        "all rows have lost the green channel (100.0 %)",
    ),
    "transparent": (
        np.dstack([PHOTO, np.repeat([255, 0], SIDE // 2)[:, None].repeat(SIDE, 1)]).astype(
            np.uint8
        ),
        Sign.TRANSPARENT,
        "rows 256–511 are transparent (50.0 %)",
    ),
    "repeated row": (
        fill(BOTTOM, ALL, PHOTO[359]),
        Sign.REPEATED_ROWS,
        "rows 360–511 repeat row 359 (29.7 %)",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_each_sign_is_seen_where_it_is(name: str) -> None:
    """The strongest suspicion names the kind, the place and the share."""
    pixels, sign, words = DAMAGED[name]
    suspicions = look(pixels)
    assert sign in {s.sign for s in suspicions}
    assert next(s for s in suspicions if s.sign is sign).reason.endswith(": " + words)


def stars() -> Pixels:
    sky = np.zeros((SIDE, SIDE, 3), np.uint8)
    rng = np.random.default_rng(3)
    sky[rng.integers(0, SIDE, 900), rng.integers(0, SIDE, 900)] = 220
    return sky


def letterboxed() -> Pixels:
    return changed(lambda p: (p.__setitem__(slice(70), 0), p.__setitem__(slice(-70, None), 0)))


def silhouette() -> Pixels:
    hills = 330 + 60 * np.sin(np.arange(SIDE) / 37)
    return changed(lambda p: p.__setitem__(np.arange(SIDE)[:, None] > hills[None, :], 0))


def line_art() -> Pixels:
    paper = np.full((SIDE, SIDE, 3), 255, np.uint8)
    paper[100:400, 100:103] = paper[100:103, 100:400] = paper[200:205] = 0
    return paper


def poster() -> Pixels:
    bands = np.repeat(np.arange(8) * 30, SIDE // 8).astype(np.uint8)
    return np.repeat(bands[:, None, None], SIDE, axis=1).repeat(3, axis=2)


def on_white() -> Pixels:
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE // 2
    return np.where((x * x + y * y < 160**2)[:, :, None], PHOTO, np.uint8(255)).astype(np.uint8)


def horizon() -> Pixels:
    """As a lens draws it: level, but a fifth of the step goes to the line beside it."""
    light = np.full(SIDE, 200.0)
    light[300:] = 90
    light[299] = 178
    y = light[:, None, None] + np.random.default_rng(6).normal(0, 0.8, (SIDE, SIDE, 3))
    return y.round().astype(np.uint8)


def blinds() -> Pixels:
    """Lines that have nothing in common, each of one brightness with a coloured grain."""
    grain = np.random.default_rng(7).normal(120, 2, (SIDE, SIDE, 3))
    grain[::2] += 60
    return grain.round().astype(np.uint8)


def veiled() -> Pixels:
    """A bar that the picture shows through, as under a caption."""
    rows = slice(200, 320)
    return changed(lambda p: p.__setitem__(rows, p[rows] // 2 + 60))


def mirrored() -> Pixels:
    """A lake: what is above its shore once more below it, upside down and dulled."""
    shore, depth = 300, SIDE - 300
    dulled = 0.4 * PHOTO[shore - depth : shore][::-1] + 0.4 * PREVIOUS[shore:] + 10
    return changed(lambda p: p.__setitem__(slice(shore, None), dulled.round()))


SOUND: dict[str, Pixels] = {
    "photo": PHOTO,
    "dark": (PHOTO // 12).astype(np.uint8),
    "faint": (100 + PHOTO // 8).astype(np.uint8),
    "grey": PHOTO[:, :, :1].repeat(3, axis=2),
    "opaque": np.dstack([PHOTO, np.full((SIDE, SIDE), 255, np.uint8)]),
    "stars": stars(),
    "letterbox": letterboxed(),
    "silhouette": silhouette(),
    "line art": line_art(),
    "poster": poster(),
    "on white": on_white(),
    "horizon": horizon(),
    "blinds": blinds(),
    "veiled": veiled(),
    "mirrored": mirrored(),
}


@pytest.mark.parametrize("name", SOUND)
def test_art_is_left_alone(name: str) -> None:
    """Flat, dark, boxed and drawn pictures are not damage."""
    assert look(SOUND[name]) == ()


SMALL = PHOTO[::4, ::4].copy()  # 128 pixels a side


def ragged() -> Pixels:
    """A dark foreground whose border is level for most of its length, as small curves are."""
    picture = SMALL.copy()
    picture[100:] = picture[96:, 40:70] = 20
    return picture


SMALL_AND_SOUND = {
    "nine flat rows": changed(lambda p: p.__setitem__(slice(119, None), 20), SMALL),
    "foreground": ragged(),
    "edge": changed(lambda p: p.__setitem__(slice(90, None), PREVIOUS[90:128, :128]), SMALL),
}


@pytest.mark.parametrize("name", SMALL_AND_SOUND)
def test_a_small_picture_is_not_accused_by_a_few_pixels(name: str) -> None:
    """What is plain to see in a large picture is an ordinary edge in one of 128 pixels."""
    assert look(SMALL_AND_SOUND[name]) == ()


@pytest.mark.parametrize("rows", [16, 45, 90])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_cut_of_a_small_picture_is_found(rows: int, level: int) -> None:
    """Enough rows, with a straight border."""
    cut = changed(lambda p: p.__setitem__(slice(-rows, None), level), SMALL)
    assert [s.sign for s in look(cut)] == [Sign.DEAD_EDGE]


@given(st.integers(16, SIDE - 32), st.integers(0, 255), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_cut_is_found_at_any_line_and_side(line: int, level: int, turns: int) -> None:
    """Whatever the fill and the side, the suspicion begins at the line of the cut."""
    cut = np.rot90(PHOTO, turns).copy()
    cut[-line:] = level
    found = look(np.ascontiguousarray(np.rot90(cut, -turns)))
    assert any(s.sign is Sign.DEAD_EDGE and s.region.cut_off for s in found)
    assert any(abs(s.region.share - line / SIDE) < 0.005 for s in found)


@given(st.integers(1, 140), st.integers(1, 140), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_no_size_makes_it_raise(height: int, width: int, seed: int) -> None:
    """Pictures smaller than a block, and of odd sizes, are looked at without an error."""
    rng = np.random.default_rng(seed)
    look(rng.integers(0, 256, (height, width, 3 + seed % 2), np.uint8))
    look(np.full((height, width, 3), seed, np.uint8))


def test_the_statistics_count_what_they_say() -> None:
    """Hand-made pixels: extremes, a sharp step, changes, sums."""
    pixels = np.full((64, 96, 3), 10, np.uint8)
    pixels[40:] = 200
    found = measure(pixels)
    assert found.row_high[39].tolist() == [10, 10, 10]
    assert found.column_high[0].tolist() == [200, 200, 200]
    assert found.row_steps[40] == 96
    assert found.row_steps.sum() == 96
    assert found.column_steps.sum() == 0
    assert found.row_changes.nonzero()[0].tolist() == [40]
    assert found.block_sum[0].tolist() == [40 * 1024] * 3
    assert found.cells[0, 0].tolist() == [640, 640, 640]

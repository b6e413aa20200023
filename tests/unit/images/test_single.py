"""One picture alone: each sign is seen where it is, and what only looks like it is left alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from asyncproof.images.single import Sign, look
from asyncproof.images.single.decoded_noise import likelihood, windows
from asyncproof.images.single.statistics import measure
from reference.miner.messages import Task
from reference.miner.pictures.canvas import Canvas
from tests.support.picture_files import Pixels

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


def soft(level: float, spread: float) -> Pixels:
    """A veil without a shape in it."""
    waves = np.sin(np.arange(SIDE) / 40)[:, None] + np.cos(np.arange(SIDE) / 60)[None, :]
    grain = np.random.default_rng(8).normal(0, spread / 3, (SIDE, SIDE, 3))
    return (level + spread * waves[:, :, None] + grain).round().clip(0, 255).astype(np.uint8)


def stepped(row: int, column: int, height: int, colour: npt.ArrayLike = 128) -> Pixels:
    """Cut at ``row``, and from ``column`` on by ``height`` rows earlier, smeared as by a JPEG."""
    cut = changed(lambda p: p.__setitem__(slice(row, None), colour))
    cut[row - height : row, column:] = colour
    smeared = Image.fromarray(cut).filter(ImageFilter.BoxBlur(1))
    return np.asarray(smeared)


def boxed(box: tuple[int, int, int, int], level: int, blur: float) -> Pixels:
    """A flat box with soft edges, anywhere."""
    mask = Image.new("L", (SIDE, SIDE))
    mask.paste(255, box)
    share = np.asarray(mask.filter(ImageFilter.GaussianBlur(blur)), np.float64)[:, :, None] / 255
    return (PHOTO * (1 - share) + level * share).round().astype(np.uint8)


def latent_noise() -> Pixels:
    """As a decoder paints it: blotches of cells, the channels together, with finer ones in them."""
    rng = np.random.default_rng(11)
    levels = np.zeros((SIDE, SIDE))
    for side, spread in ((8, 26), (4, 18), (2, 9)):
        coarse = rng.normal(0, spread, (SIDE // side, SIDE // side)).astype(np.float32)
        fine = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        levels += np.roll(np.asarray(fine), 3, axis=(0, 1))  # not on the grid of cells
    tint = np.repeat(rng.normal(0, 4, (64, 64, 3)).repeat(8, axis=0), 8, axis=1)
    noise = np.array([118, 112, 104]) + levels[:, :, None] + tint
    return noise.round().clip(0, 255).astype(np.uint8)


def lined(grain: float, lines: float = 1.6) -> Pixels:
    """Of one tint, with levels that know how far the sides are, and grain."""
    rng = np.random.default_rng(14)
    across, down = rng.normal(0, lines, (2, SIDE))
    levels = across[None, :] + down[:, None] + rng.normal(0, grain, (SIDE, SIDE))
    tinted: Pixels = (np.array([132, 113, 86]) + levels[:, :, None]).round().astype(np.uint8)
    return tinted


def softly_below(row: int, content: Pixels) -> Pixels:
    """Another content from a row on, its border smeared over some sixteen pixels."""
    share = np.clip((np.arange(SIDE) - row + 8) / 16, 0, 1)[:, None, None]
    return (PHOTO * (1 - share) + content * share).round().astype(np.uint8)


def gapped(lines: slice, value: int, picture: Pixels = PHOTO) -> Pixels:
    return changed(lambda p: p.__setitem__(lines, value), picture)


def turned(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels.transpose(1, 0, 2))


def with_corners() -> Pixels:
    """Round corners, as a window has them."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    away = np.minimum(x, SIDE - 1 - x), np.minimum(y, SIDE - 1 - y)
    inside = sum(np.maximum(0, 66 - a) ** 2 for a in away) <= 66**2
    return np.dstack([PHOTO, np.where(inside, 255, 0)]).astype(np.uint8)


DAMAGED |= {
    "noise of a decoder at the bottom": (
        softly_below(256, latent_noise()),
        Sign.NOISE,
        "rows 256–511 are undenoised noise (50.0 %)",
    ),
    "nothing at the bottom": (
        softly_below(320, soft(100, 0.5)),
        Sign.BLANK,
        "rows 328–511 are nearly flat grey (35.9 %)",
    ),
    "nothing at the bottom, of a tint, with the texture of a decoder": (
        softly_below(320, lined(0.8)),
        Sign.BLANK,
        "rows 328–511 are nearly flat #847156 (35.9 %)",
    ),
    "a soft black box": (
        boxed((128, 64, 320, 256), 0, 5),
        Sign.BLANK,
        "pixels x 136–311, y 72–247 are nearly flat black (11.8 %)",
    ),
    "nearly black": (
        np.random.default_rng(2).integers(0, 7, PHOTO.shape, np.uint8),
        Sign.SOLID,
        "the whole picture is blank black (100.0 %)",
    ),
    "nearly grey": (
        soft(128, 2.5),
        Sign.SOLID,
        f"the whole picture is blank grey, with a variance of {soft(128, 2.5).var():.1f} (100.0 %)",
    ),
    "a step in the border": (
        stepped(264, 128, 16),
        Sign.DEAD_EDGE,
        "rows 265–511 are flat grey, and from column 128 on the border lies 16 pixels further in "
        "(48.2 %)",
    ),
    "a row cut in its middle": (
        changed(
            lambda p: (p.__setitem__(slice(301, None), 0), p.__setitem__((300, slice(80, None)), 0))
        ),
        Sign.DEAD_EDGE,
        "rows 301–511 are flat black (41.2 %)",
    ),
    "every second row": (
        gapped(slice(None, None, 2), 0),
        Sign.GAPS,
        "every second row is flat black (50.0 %)",
    ),
    "every third column": (
        turned(gapped(slice(1, None, 3), 128)),
        Sign.GAPS,
        "every third column is flat grey (33.4 %)",
    ),
    "every second row of a part": (
        gapped(slice(200, 400, 2), 0),
        Sign.GAPS,
        "every second row of rows 200–398 is flat black (19.5 %)",
    ),
    "transparent corners": (
        with_corners(),
        Sign.TRANSPARENT,
        "pixels in the four corners are transparent (1.5 %)",
    ),
    "transparent specks": (
        np.dstack([PHOTO, np.where(NOISE[:, :, 0] < 8, 0, 255)]).astype(np.uint8),
        Sign.TRANSPARENT,
        "some pixels of all rows are transparent (3.1 %)",
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


def polaroid() -> Pixels:
    """A white frame that is wider below, with writing in it."""
    framed = np.full_like(PHOTO, 255)
    framed[30:420, 48:460] = PHOTO[30:420, 48:460]
    framed[450:470, 200:300] = NOISE[450:470, 200:300]
    return framed


def graph_paper() -> Pixels:
    """Lines at regular distances, both ways."""
    sheet = np.full_like(PHOTO, 255)
    sheet[::8] = sheet[:, ::8] = (120, 160, 220)
    return sheet


def ruled() -> Pixels:
    """A pattern of two colours between lines of one."""
    sheet = np.full_like(PHOTO, 255)
    sheet[1::2, ::2] = 0
    return sheet


def fine_checks() -> Pixels:
    """Two colours, with noise: no two cells are alike, and yet all lie between both."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    share = (0.5 + np.sin(x / 2.2) * np.sin(y / 2.2) / 2)[:, :, None]
    checks: Pixels = share * (210, 60, 40) + (1 - share) * (60, 80, 190) + NOISE % 5
    return checks.round().astype(np.uint8)


SOUND: dict[str, Pixels] = {
    "graph paper": graph_paper(),
    "ruled": ruled(),
    "fine checks": fine_checks(),
    "a screen off the grid": boxed((150, 100, 370, 290), 8, 2),
    "sand at the bottom, with grain": softly_below(320, lined(2.3, 0.3)),
    "cloth at the bottom, with a drawn weave": softly_below(320, lined(0.0)),
    "a black floor": softly_below(320, soft(4, 0.5)),
    "a white floor": softly_below(320, soft(240, 0.5)),
    "polaroid": polaroid(),
    "dim with a lamp": changed(lambda p: p.__setitem__((40, 40), 90), PHOTO // 30),
    "soft": soft(128, 6),
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


# Latents that were never denoised, as a public tiny autoencoder decodes them.
DECODED = np.asarray(Image.open(Path(__file__).with_name("decoded_noise.png")))
LARGE = np.tile(DECODED, (4, 4, 1))


@pytest.mark.parametrize(
    "prompt",
    [
        "A bowl of fruit on a wooden table, still life, number 1115749843",
        "A narrow street with lanterns, watercolour, number 374217477",
    ],
)
def test_a_drawing_that_fills_a_small_picture_is_no_noise(prompt: str) -> None:
    """Sound ones that were taken for noise: the fitted table has nine windows at 128 pixels."""
    task = Task(
        key="a job",
        prompt=prompt,
        width=128,
        height=128,
        steps=10,
        guidance=7.0,
        seed=42,
        path="",
        seconds=0.0,
        lora="loras/ink.safetensors",
    )
    canvas = Canvas(task)
    canvas.step(10)
    assert look(canvas.pixels()) == ()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (DECODED, "Damaged picture: all rows are undenoised noise (100.0 %)"),
        (softly_below(256, LARGE), "Partial render detected: rows 288–511 are undenoised noise"),
        (turned(softly_below(256, LARGE)), "Partial render detected: columns 288–511 are"),
        (softly_below(416, LARGE), ""),  # a fifth of a picture can be moss
        ((LARGE // 4 * 3 // 4 + 90).astype(np.uint8), ""),  # as sand is, pale and even
        (LARGE[:, :, :1].repeat(3, axis=2), ""),
    ],
)
def test_decoded_noise_is_told_by_the_fitted_table(pixels: Pixels, words: str) -> None:
    """All of it, or a quarter of the picture from one side on; not what is merely rough."""
    reasons = [s.reason for s in look(pixels) if s.sign is Sign.NOISE]
    assert any(reason.startswith(words) for reason in reasons) if words else reasons == []


def test_each_window_is_weighed() -> None:
    """Near one in noise, near zero in a photo, by the same table."""
    noise, photo = (likelihood(windows(measure(pixels))) for pixels in (DECODED, PHOTO))
    assert noise.min() > 0.9
    assert photo.max() < 0.1

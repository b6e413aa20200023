"""A picture beside its reference: equal is whole; a difference tells its place and content."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from asyncproof.images.reference.comparison import Difference, compare
from asyncproof.images.reference.content import Candidate, Content
from asyncproof.images.reference.judgement import Likeness, Tolerance, judge
from asyncproof.images.reference.latents import is_nearly_flat, makeup, mixture, place_of
from asyncproof.images.reference.outlier_region import outlier_region
from asyncproof.images.reference.repeatability import (
    MAX_DISTANCE,
    Repeatability,
    Sameness,
    learn_repeatability,
)
from asyncproof.images.region import CELL, Region, regions_of
from tests.support.picture_files import Pixels, encoded, scene

SIDE = 256
REFERENCE = scene(SIDE, 1)
OTHER = scene(SIDE, 5)
OTHERS = (Candidate("job_007", scene(SIDE, 9)), Candidate("job_004", OTHER))
NOISE = np.random.default_rng(1).integers(0, 256, REFERENCE.shape, np.uint8)
KINDS = {
    "black": np.zeros_like(REFERENCE),
    "white": np.full_like(REFERENCE, 255),
    "grey": np.full_like(REFERENCE, 128),
    "noise": NOISE,
    "job_004": OTHER,
}


def with_region(region: Region, content: Pixels, picture: Pixels = REFERENCE) -> Pixels:
    damaged = picture.copy()
    damaged[region.slices] = content[region.slices]
    return damaged


def shaken(picture: Pixels, levels: int, seed: int = 3) -> Pixels:
    """The picture as hardware that is not exact gives it."""
    shake = np.random.default_rng(seed).integers(-levels, levels + 1, picture.shape)
    return (picture + shake).clip(0, 255).astype(np.uint8)


def found(picture: Pixels, tolerance: int = 0) -> Difference:
    difference = compare(picture, REFERENCE, tolerance, OTHERS)
    assert difference is not None
    return difference


@pytest.mark.parametrize(
    "reference", [REFERENCE, np.zeros_like(REFERENCE), np.full_like(REFERENCE, 255), NOISE]
)
@pytest.mark.parametrize("levels", [0, 2])
def test_a_picture_like_its_reference_is_whole_whatever_it_shows(
    reference: Pixels, levels: int
) -> None:
    """Night, blank page and noise are whole if the reference is the same within the tolerance."""
    assert compare(shaken(reference, levels), reference, levels) is None


@given(st.data())
@settings(max_examples=80)
def test_any_region_is_found_where_it_is(data: st.DataObject) -> None:
    """Every rectangle of at least 0.1 % is located to within one cell, exact miner or not."""
    least = int(SIDE * SIDE * 0.001) + 1
    width = data.draw(st.integers(2, SIDE))
    height = data.draw(st.integers(min(SIDE, -(-least // width)), SIDE))
    left, top = data.draw(st.integers(0, SIDE - width)), data.draw(st.integers(0, SIDE - height))
    region = Region(left, top, left + width, top + height, SIDE, SIDE)
    content = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    levels = data.draw(st.sampled_from([0, 2]))
    difference = found(shaken(with_region(region, content), levels), levels)
    (seen,) = difference.regions
    for mine, its in zip(
        (left, top, left + width, top + height),
        (seen.left, seen.top, seen.right, seen.bottom),
        strict=True,
    ):
        assert abs(mine - its) <= CELL


BOTTOM = Region(0, 179, SIDE, SIDE, SIDE, SIDE)
TILE = Region(64, 128, 128, 192, SIDE, SIDE)
ALL = Region.whole(SIDE, SIDE)


def blue_lost() -> Pixels:
    picture = REFERENCE.copy()
    picture[:, :, 2] = 0
    return picture


def row_repeated() -> Pixels:
    picture = REFERENCE.copy()
    picture[179:] = picture[178]
    return picture


def shifted() -> Pixels:
    picture = REFERENCE.copy()
    picture[179:] = np.roll(picture[179:], 31, axis=1)
    return picture


def blended() -> Pixels:
    return (0.6 * REFERENCE + 0.4 * OTHER).astype(np.uint8)


def own_rows_again() -> Pixels:
    picture = REFERENCE.copy()
    picture[179:] = REFERENCE[20:97]
    return picture


def two_tiles() -> Pixels:
    return with_region(Region(192, 0, 256, 64, SIDE, SIDE), NOISE, with_region(TILE, NOISE))


CASES = {
    "grey bottom": (
        with_region(BOTTOM, KINDS["grey"]),
        "Partial render detected: rows 179–255 are flat grey (30.1 %)",
    ),
    "rows of another job": (
        with_region(BOTTOM, OTHER),
        "Partial render detected: rows 179–255 show job_004 (30.1 %)",
    ),
    "noise tile": (
        with_region(TILE, NOISE),
        "Damaged region: pixels x 64–127, y 128–191 (tile 1,2) are noise (6.2 %)",
    ),
    "two noise tiles": (
        two_tiles(),
        "Damaged region: 2 tiles of 64 px (3,0 1,2) are noise (12.5 %)",
    ),
    "the picture of another job": (OTHER, "Wrong picture: all rows show job_004 (100.0 %)"),
    "blend": (blended(), "Wrong picture: all rows are blended with 40% of job_004 (100.0 %)"),
    "unknown picture": (
        scene(SIDE, 8),
        "Wrong picture: all rows differ from the idle reference (100.0 %)",
    ),
    "lost channel": (
        blue_lost(),
        "Partial render detected: all rows have lost the blue channel (100.0 %)",
    ),
    "repeated row": (
        row_repeated(),
        "Partial render detected: rows 179–255 repeat one row (30.1 %)",
    ),
    "torn": (
        shifted(),
        "Partial render detected: rows 179–255 are shifted sideways by 31 pixels (30.1 %)",
    ),
    "own rows": (
        own_rows_again(),
        "Partial render detected: rows 179–255 show rows 20–96 of this picture (30.1 %)",
    ),
    "right columns white": (
        with_region(Region(200, 0, SIDE, SIDE, SIDE, SIDE), KINDS["white"]),
        "Partial render detected: columns 200–255 are flat white (21.9 %)",
    ),
    "all black": (
        KINDS["black"],
        "Partial render detected: all rows are flat black (100.0 %)",
    ),
    "other size": (
        REFERENCE[:-1],
        "Wrong dimensions: 256x255, the idle reference has 256x256",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reason_says_where_and_what(name: str) -> None:
    """The line that a person reads first, for each kind of damage."""
    picture, reason = CASES[name]
    assert found(picture).reason == reason


OF_ALL = {"the picture of another job", "blend", "unknown picture", "other size"}


@pytest.mark.parametrize("name", CASES)
def test_whether_the_rest_is_right_is_told_also_as_a_fact(name: str) -> None:
    assert found(CASES[name][0]).in_a_part == (name not in OF_ALL)


@pytest.mark.parametrize("name", [n for n in CASES if n not in {"other size", "unknown picture"}])
def test_content_is_recognised_on_hardware_that_is_not_exact(name: str) -> None:
    """A shake of two levels hides neither the place nor the content."""
    picture, _ = CASES[name]
    difference = found(shaken(picture, 2), tolerance=4)
    assert difference.content is found(picture).content
    assert difference.source == found(picture).source


def test_transparent_rows_are_told() -> None:
    """An alpha of zero is damage although the colours are right."""
    picture = np.dstack([REFERENCE, np.full((SIDE, SIDE), 255, np.uint8)])
    picture[200:, :, 3] = 0
    assert found(picture).content is Content.TRANSPARENT


def test_a_fill_on_which_the_reference_agrees_in_between_is_one_region() -> None:
    """Black over a night with a few lights is one strip, not many patches."""
    reference = np.zeros((SIDE, SIDE, 3), np.uint8)
    reference[::40, ::40] = 200
    picture = reference.copy()
    picture[150:] = 0
    difference = compare(picture, reference)
    assert difference is not None
    assert len(difference.regions) == 1
    assert difference.phrase == "are flat black"


def test_a_tall_change_of_the_first_pixel_only_is_found() -> None:
    """One pixel by one level is a difference where the miner is exact."""
    picture = REFERENCE.copy()
    picture[0, 0, 0] ^= 1
    assert found(picture).regions == (Region(0, 0, 1, 1, SIDE, SIDE),)


def test_regions_far_apart_stay_apart() -> None:
    """Two changes are two regions, the larger first."""
    changed = np.zeros((200, 300), bool)
    changed[10:20, 10:20] = changed[100:150, 200:290] = True
    assert regions_of(changed) == (
        Region(200, 100, 290, 150, 300, 200),
        Region(10, 10, 20, 20, 300, 200),
    )


PICTURE, FILE = REFERENCE[:64, :64].copy(), encoded(REFERENCE[:64, :64].copy())
UNPACKED = encoded(PICTURE, compress_level=0)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(FILE, FILE)], Repeatability(Sameness.BYTES, 1)),
        ([(FILE, FILE), (FILE, UNPACKED)], Repeatability(Sameness.PIXELS, 2)),
    ],
)
def test_repeatability_is_the_weakest_that_was_seen(
    pairs: list[tuple[bytes, bytes]], expected: Repeatability
) -> None:
    """Bytes, pixels or a distance, folded over all quiet pairs."""
    assert learn_repeatability(pairs) == expected
    assert expected.comparable


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "not repeatable: no request was made twice in quiet"),
        (
            [(FILE, encoded(OTHER[:64, :64].copy()))],
            "not repeatable: two pictures of one request, made while nothing else ran, differ by",
        ),
        (
            [(FILE, encoded(PICTURE[1:]))],
            "not repeatable: two pictures of one request differ in size",
        ),
        ([(FILE, b"")], "not repeatable: one of the pictures is broken"),
    ],
)
def test_a_miner_that_cannot_be_compared_says_why(
    pairs: list[tuple[bytes, bytes]], words: str
) -> None:
    """No evidence of repeatability is none."""
    learned = learn_repeatability(pairs)
    assert not learned.comparable
    assert str(learned).startswith(words)


SAME, WRONG = (FILE, FILE), (FILE, encoded(OTHER[:64, :64].copy()))


@pytest.mark.parametrize(
    ("pairs", "sameness"),
    [
        ([SAME, SAME, WRONG], Sameness.BYTES),
        ([WRONG, SAME, SAME, SAME], Sameness.BYTES),
        ([SAME, (FILE, b""), SAME], Sameness.BYTES),
        ([SAME, WRONG], Sameness.NONE),  # either may be the odd one
        ([SAME, SAME, WRONG, WRONG], Sameness.NONE),
    ],
)
def test_a_pair_that_is_not_as_most_are_teaches_nothing(
    pairs: list[tuple[bytes, bytes]], sameness: Sameness
) -> None:
    """One wrong picture in quiet does not switch off what is judged beside the others."""
    learned = learn_repeatability(pairs)
    assert learned.sameness is sameness
    if learned.comparable:
        assert "1 more in which one picture is wrong" in str(learned)


@given(st.integers(0, MAX_DISTANCE))
def test_the_tolerance_covers_more_than_was_seen(distance: int) -> None:
    """An exact miner is held to exactness, another to a little more than its own distance."""
    tolerance = Repeatability(Sameness.DISTANCE, 1, distance).tolerance
    assert tolerance == 0 if distance == 0 else distance < tolerance <= 2 * distance + 1


def test_the_distance_of_a_miner_that_is_not_exact_is_learned() -> None:
    """The largest difference of a pixel, and of the mean of a cell."""
    learned = learn_repeatability([(FILE, encoded(shaken(PICTURE, 2)))])
    assert (learned.sameness, learned.distance, learned.comparable) == (Sameness.DISTANCE, 2, True)
    assert 0 < learned.drift < 1


def test_a_faint_change_is_found_below_the_tolerance_of_pixels() -> None:
    """Three levels darker over sixteen cells, on hardware that shakes by two."""
    learned = learn_repeatability(
        [(encoded(REFERENCE), encoded(shaken(REFERENCE, 2, seed))) for seed in (1, 2)]
    )
    darker = REFERENCE.copy()
    darker[64:96, 64:96] -= np.minimum(darker[64:96, 64:96], 2)
    shaky = shaken(darker, 2, 9)
    drift = learned.drift_tolerance
    difference = compare(shaky, REFERENCE, learned.tolerance, drift_tolerance=drift)
    assert compare(shaky, REFERENCE, learned.tolerance) is None
    assert difference is not None
    assert difference.regions == (Region(64, 64, 96, 96, SIDE, SIDE),)
    assert (
        compare(shaken(REFERENCE, 2, 5), REFERENCE, learned.tolerance, drift_tolerance=drift)
        is None
    )


def moved(picture: Pixels) -> Pixels:
    """Every level of the picture a little off, as group norm leaves what is sound."""
    return (picture * 0.97 + 5).round().astype(np.uint8)


def softly(picture: Pixels, content: Pixels, region: Region) -> Pixels:
    """The region with another content, its borders smeared over some sixteen pixels."""
    inside = np.zeros(picture.shape[:2])
    inside[region.slices] = 1
    window = np.hanning(18)[1:-1] / np.hanning(18).sum()
    for axis in (0, 1):
        inside = np.apply_along_axis(
            lambda line: np.convolve(np.pad(line, 8, mode="edge"), window, "same")[8:-8],
            axis,
            inside,
        )
    share = inside[:, :, None]
    return (picture * (1 - share) + content * share).round().astype(np.uint8)


def latent_noise(seed: int = 1) -> Pixels:
    """Noise of cells, drawn smoothly, its channels together."""
    cells = np.random.default_rng(seed).normal(128, 40, (SIDE // CELL, SIDE // CELL))
    grey = Image.fromarray(cells.clip(0, 255).astype(np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC
    )
    return np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)


LOWER = Region(0, 120, SIDE, SIDE, SIDE, SIDE)
BOX = Region(64, 96, 192, 208, SIDE, SIDE)
ELSEWHERE = Region(96, 16, 224, 128, SIDE, SIDE)


@pytest.mark.parametrize(
    ("region", "content", "words"),
    [
        (LOWER, OTHER, "show job_004"),
        (LOWER, np.full_like(REFERENCE, 110), "are flat grey"),
        (LOWER, latent_noise(), "are undenoised noise"),
        (BOX, latent_noise(), "are undenoised noise"),
    ],
)
def test_damage_of_latents_is_found_where_the_difference_is_large(
    region: Region, content: Pixels, words: str
) -> None:
    """The decoder moved all of the picture; what it moved a little is told apart."""
    picture = softly(moved(REFERENCE), content, region)
    difference = found(picture)
    (seen,) = difference.regions
    for mine, its in zip(
        (region.left, region.top, region.right, region.bottom),
        (seen.left, seen.top, seen.right, seen.bottom),
        strict=True,
    ):
        assert abs(mine - its) <= 2 * CELL
    assert difference.phrase == words
    assert 0 < difference.elsewhere <= 8
    assert difference.reason.endswith(
        f"; the rest differs by at most {difference.elsewhere} levels"
    )


def with_petals() -> Pixels:
    """A thing as rough as noise of latents, in a soft background."""
    down, across = np.indices((SIDE, SIDE)) - SIDE / 2
    thing = (np.hypot(down, across) < 0.3 * SIDE)[:, :, None]
    soft = 40 + 170 * np.indices((SIDE, SIDE))[0][:, :, None] / SIDE
    return np.where(thing, latent_noise(), np.broadcast_to(soft, REFERENCE.shape)).astype(np.uint8)


def test_another_picture_with_fine_detail_in_its_middle_is_not_called_noise() -> None:
    """Noise of latents is noise in every part."""
    difference = found(with_petals())
    assert difference.phrase == "differ from the idle reference"
    assert found(latent_noise()).phrase == "are undenoised noise"


def test_where_all_of_a_picture_differs_there_is_no_rest() -> None:
    whole = Region.whole(64, 64)
    difference = Difference((whole,), Content.UNKNOWN, "differ", "", 1.0, elsewhere=58)
    assert difference.reason == "Wrong picture: all rows differ (100.0 %)"


def test_a_picture_that_is_not_fully_denoised_says_how_much_is_left() -> None:
    """About forty per cent of noise over the right content."""
    picture = (0.6 * REFERENCE + 0.4 * latent_noise()).round().astype(np.uint8)
    difference = found(picture)
    assert difference.content is Content.UNDENOISED
    assert difference.reason.startswith("Damaged picture: all rows are not fully denoised: about ")


@pytest.mark.parametrize("gain", [0.4, 1.6])
def test_another_contrast_is_named(gain: float) -> None:
    """Latents of a wrong scale are the right picture, pale or glaring."""
    levels = 120 + (REFERENCE.astype(float) - 120) * gain
    difference = found(levels.clip(0, 255).round().astype(np.uint8))
    assert difference.content is Content.CONTRAST


def test_a_picture_that_differs_everywhere_alike_has_no_place() -> None:
    """A change of tone stands out nowhere."""
    assert outlier_region(moved(REFERENCE), REFERENCE) is None
    assert outlier_region(OTHER, REFERENCE) is None


def test_content_of_another_place_is_found_there() -> None:
    """Patches that were swapped, on a decoder that moved them both a little."""
    place = place_of(moved(NOISE)[ELSEWHERE.slices], NOISE)
    assert place == (ELSEWHERE.top, ELSEWHERE.left)
    assert place_of(np.full_like(NOISE[:40, :40], 9), NOISE) is None
    assert place_of(OTHER[:40, :40], NOISE) is None


def toned(picture: Pixels, gain: float, offset: float) -> Pixels:
    """As group norm leaves a picture, half of which is something else."""
    return (picture.astype(float) * gain + offset).clip(0, 255).round().astype(np.uint8)


def sloping(height: int = 96) -> Pixels:
    """What a decoder paints of nothing between two tones."""
    slope = np.linspace(100, 112, height)[:, None, None]
    return np.broadcast_to(slope, (height, height, 3)).round().astype(np.uint8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (toned(OTHER, 0.8, 20), "show job_004"),
        (toned(OTHER, 1.2, -20), "show job_004"),
        (np.full_like(REFERENCE, 110), "are flat grey"),
        (latent_noise(), "are undenoised noise"),
    ],
)
def test_damage_is_named_and_located_where_the_tone_of_all_has_moved(
    content: Pixels, words: str
) -> None:
    """Half of the latents were exchanged: the other half is another tone of what it should be."""
    picture = softly(toned(REFERENCE, 0.85, 22), content, LOWER)
    difference = found(picture)
    (seen,) = difference.regions
    assert difference.phrase == words
    assert difference.by_tone
    assert difference.elsewhere > 16
    assert abs(seen.top - LOWER.top) <= 2 * CELL
    assert (seen.left, seen.right, seen.bottom) == (0, SIDE, SIDE)
    told = judge(picture, REFERENCE, Tolerance(0), OTHERS).difference
    assert told is not None
    assert told.regions == difference.regions


@pytest.mark.parametrize(
    ("here", "alone"),
    [
        (OTHER, True),
        (toned(OTHER, 0.7, 30), True),
        (toned(REFERENCE, 0.7, 30), False),
        ((0.6 * OTHER + 0.4 * REFERENCE).astype(np.uint8), False),
        (NOISE, False),
    ],
)
def test_another_picture_is_told_from_a_blend_with_it(here: Pixels, alone: bool) -> None:
    """Its tone does not matter, a trace of the right content does."""
    seen = mixture(here, OTHER, REFERENCE)
    assert seen is not None
    assert seen.is_the_first_alone is alone


@pytest.mark.parametrize(
    ("here", "flat"),
    [
        (sloping(), True),
        (np.full((96, 96, 3), 99, np.uint8), True),
        (NOISE[:96, :96], False),
        (latent_noise()[:96, :96], False),
        (REFERENCE[80:176, 80:176], False),
        (sloping(24), False),
    ],
)
def test_nothing_between_two_tones_is_nearly_flat(here: Pixels, flat: bool) -> None:
    """A plane is, whatever its slope; three cells are too few to tell."""
    assert is_nearly_flat(here) is flat


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5, 0.7])
def test_noise_in_the_right_content_is_measured(share: float) -> None:
    """By how much of the contrast it took, as noise is mixed into latents."""
    right = (1 - share**2) ** 0.5
    levels = 128 + (REFERENCE - 128.0) * right + (latent_noise() - 128.0) * share / 2
    seen = makeup(levels.clip(0, 255).round().astype(np.uint8), REFERENCE)
    assert seen is not None
    assert seen.noise_left == pytest.approx(share, abs=0.08)
    assert seen.contrast == 1


@pytest.mark.parametrize(
    "other", [REFERENCE, toned(REFERENCE, 0.95, 5), np.roll(REFERENCE, 2, axis=1)]
)
def test_the_right_content_without_noise_has_none_left(other: Pixels) -> None:
    """Neither another tone nor a small displacement is noise."""
    seen = makeup(other, REFERENCE)
    assert seen is not None
    assert seen.noise_left == 0


def test_half_of_the_noise_is_no_drift() -> None:
    """The structure of the right content shows through it everywhere."""
    levels = 128 + (REFERENCE - 128.0) * 0.8 + (latent_noise() - 128.0) * 0.3
    picture = levels.clip(0, 255).round().astype(np.uint8)
    assert judge(picture, REFERENCE, Tolerance(0)).likeness is Likeness.DAMAGED

"""A picture beside its twin: equal is whole, and a difference tells its place and its content."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.async_inference.pictures.content import Candidate, Content
from tests.e2e.async_inference.pictures.region import CELL, Region, regions_of
from tests.e2e.async_inference.pictures.repeatability import (
    MAX_DISTANCE,
    Repeatability,
    Sameness,
    learn_repeatability,
)
from tests.e2e.async_inference.pictures.twin import Difference, compare
from tests.unit.async_inference.pictures.files import Pixels, encoded, scene

SIDE = 256
TWIN = scene(SIDE, 1)
OTHER = scene(SIDE, 5)
OTHERS = (Candidate("job_007", scene(SIDE, 9)), Candidate("job_004", OTHER))
NOISE = np.random.default_rng(1).integers(0, 256, TWIN.shape, np.uint8)
KINDS = {
    "black": np.zeros_like(TWIN),
    "white": np.full_like(TWIN, 255),
    "grey": np.full_like(TWIN, 128),
    "noise": NOISE,
    "job_004": OTHER,
}


def with_region(region: Region, content: Pixels, picture: Pixels = TWIN) -> Pixels:
    damaged = picture.copy()
    damaged[region.slices] = content[region.slices]
    return damaged


def shaken(picture: Pixels, levels: int, seed: int = 3) -> Pixels:
    """The picture as hardware that is not exact gives it."""
    shake = np.random.default_rng(seed).integers(-levels, levels + 1, picture.shape)
    return (picture + shake).clip(0, 255).astype(np.uint8)


def found(picture: Pixels, tolerance: int = 0) -> Difference:
    difference = compare(picture, TWIN, tolerance, OTHERS)
    assert difference is not None
    return difference


@pytest.mark.parametrize("twin", [TWIN, np.zeros_like(TWIN), np.full_like(TWIN, 255), NOISE])
@pytest.mark.parametrize("levels", [0, 2])
def test_a_picture_like_its_twin_is_whole_whatever_it_shows(twin: Pixels, levels: int) -> None:
    """Night, blank page and noise are whole if the twin is the same within the tolerance."""
    assert compare(shaken(twin, levels), twin, levels) is None


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
    picture = TWIN.copy()
    picture[:, :, 2] = 0
    return picture


def row_repeated() -> Pixels:
    picture = TWIN.copy()
    picture[179:] = picture[178]
    return picture


def shifted() -> Pixels:
    picture = TWIN.copy()
    picture[179:] = np.roll(picture[179:], 31, axis=1)
    return picture


def blended() -> Pixels:
    return (0.6 * TWIN + 0.4 * OTHER).astype(np.uint8)


def own_rows_again() -> Pixels:
    picture = TWIN.copy()
    picture[179:] = TWIN[20:97]
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
        "Wrong picture: all rows differ from the quiet twin (100.0 %)",
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
        TWIN[:-1],
        "Wrong dimensions: 256x255, the quiet twin has 256x256",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reason_says_where_and_what(name: str) -> None:
    """The line that a person reads first, for each kind of damage."""
    picture, reason = CASES[name]
    assert found(picture).reason == reason


@pytest.mark.parametrize("name", [n for n in CASES if n not in {"other size", "unknown picture"}])
def test_content_is_recognised_on_hardware_that_is_not_exact(name: str) -> None:
    """A shake of two levels hides neither the place nor the content."""
    picture, _ = CASES[name]
    difference = found(shaken(picture, 2), tolerance=4)
    assert difference.content is found(picture).content
    assert difference.source == found(picture).source


def test_transparent_rows_are_told() -> None:
    """An alpha of zero is damage although the colours are right."""
    picture = np.dstack([TWIN, np.full((SIDE, SIDE), 255, np.uint8)])
    picture[200:, :, 3] = 0
    assert found(picture).content is Content.TRANSPARENT


def test_a_fill_on_which_the_twin_agrees_in_between_is_one_region() -> None:
    """Black over a night with a few lights is one strip, not many patches."""
    twin = np.zeros((SIDE, SIDE, 3), np.uint8)
    twin[::40, ::40] = 200
    picture = twin.copy()
    picture[150:] = 0
    difference = compare(picture, twin)
    assert difference is not None
    assert len(difference.regions) == 1
    assert difference.phrase == "are flat black"


def test_a_tall_change_of_the_first_pixel_only_is_found() -> None:
    """One pixel by one level is a difference where the miner is exact."""
    picture = TWIN.copy()
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


PICTURE, FILE = TWIN[:64, :64].copy(), encoded(TWIN[:64, :64].copy())
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
        [(encoded(TWIN), encoded(shaken(TWIN, 2, seed))) for seed in (1, 2)]
    )
    darker = TWIN.copy()
    darker[64:96, 64:96] -= np.minimum(darker[64:96, 64:96], 2)
    shaky = shaken(darker, 2, 9)
    drift = learned.drift_tolerance
    difference = compare(shaky, TWIN, learned.tolerance, drift_tolerance=drift)
    assert compare(shaky, TWIN, learned.tolerance) is None
    assert difference is not None
    assert difference.regions == (Region(64, 64, 96, 96, SIDE, SIDE),)
    assert compare(shaken(TWIN, 2, 5), TWIN, learned.tolerance, drift_tolerance=drift) is None

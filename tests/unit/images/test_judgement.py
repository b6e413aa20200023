"""The same, drifted or damaged: what a picture is beside its idle reference."""

from collections.abc import Iterator

import numpy as np
import pytest

from asyncproof.images.reference.abrupt import ends_abruptly
from asyncproof.images.reference.content import Candidate, Content
from asyncproof.images.reference.judgement import Judgement, Likeness, Tolerance, judge
from asyncproof.images.reference.repeatability import Sameness, learn_repeatability
from asyncproof.images.reference.structure import (
    LEAST_TONE,
    Structure,
    learn_structure,
    reach,
    scores,
)
from asyncproof.images.region import Region
from asyncproof.workload.scenario import PROMPTS
from reference.miner.pictures.canvas import whole
from reference.miner.pictures.drift import drifted
from tests.support.picture_files import Pixels, encoded, scene

SIDE = 256
REFERENCE = scene(SIDE, 1)
OTHER = scene(SIDE, 5)
NOISE = np.random.default_rng(1).integers(0, 256, REFERENCE.shape, np.uint8)
EXACT = Tolerance(2)
BOTTOM = Region(0, 176, SIDE, SIDE, SIDE, SIDE)
BOX = Region(64, 96, 128, 160, SIDE, SIDE)


def under_load(picture: Pixels = REFERENCE, strength: float = 1.0, seed: int = 1) -> Pixels:
    return drifted(picture, strength, np.random.default_rng(seed))


def spoilt(region: Region, content: Pixels, picture: Pixels) -> Pixels:
    damaged = picture.copy()
    damaged[region.slices] = content[region.slices]
    return damaged


def judged(picture: Pixels, *others: Candidate) -> Judgement:
    return judge(picture, REFERENCE, EXACT, others)


def test_a_picture_within_the_tolerance_is_the_same() -> None:
    assert judged(REFERENCE) == Judgement(Likeness.SAME)
    assert judged(np.clip(REFERENCE, 0, 253) + np.uint8(2)).likeness is Likeness.SAME


@pytest.mark.parametrize("strength", [0.33, 0.67, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_picture_whose_structure_is_the_same_has_drifted(strength: float, seed: int) -> None:
    found = judge(under_load(scene(SIDE, seed), strength, seed), scene(SIDE, seed), EXACT)
    assert found.likeness is Likeness.DRIFTED
    assert found.difference is None
    assert found.levels > 0


@pytest.mark.parametrize("region", [BOTTOM, BOX], ids=["bottom", "box"])
@pytest.mark.parametrize(
    "content", [np.zeros_like(NOISE), np.full_like(NOISE, 128), NOISE, OTHER],
    ids=["black", "grey", "noise", "other picture"],
)  # fmt: skip
def test_damage_is_found_and_located_though_all_of_the_picture_drifts(
    region: Region, content: Pixels
) -> None:
    found = judged(spoilt(region, content, under_load())).difference
    assert found is not None
    largest = found.regions[0]
    for name in ("left", "top", "right", "bottom"):
        assert abs(getattr(largest, name) - getattr(region, name)) <= 32


def test_what_got_in_is_named_though_it_drifts_too() -> None:
    mixed = spoilt(BOTTOM, under_load(OTHER, seed=8), under_load())
    found = judged(mixed, Candidate("job_003", scene(SIDE, 9)), Candidate("job_004", OTHER))
    assert found.difference is not None
    assert found.difference.content is Content.OTHER_PICTURE
    assert found.difference.source == "job_004"


def test_another_picture_is_a_wrong_picture() -> None:
    found = judged(under_load(OTHER), Candidate("job_004", OTHER)).difference
    assert found is not None
    assert found.reason == "Wrong picture: all rows show job_004 (100.0 %)"


def test_a_change_that_ends_at_once_in_an_exact_picture_is_damage() -> None:
    """Twelve levels are no more than drift may be, but drift does not end on a line."""
    brighter = REFERENCE.copy()
    brighter[:, : SIDE // 2] = brighter[:, : SIDE // 2].clip(max=243) + 9
    found = judged(brighter).difference
    assert found is not None
    assert found.regions == (Region(0, 0, SIDE // 2, SIDE, SIDE, SIDE),)
    assert not ends_abruptly(under_load(strength=0.33), REFERENCE, 2)


def test_drift_of_an_area_with_soft_edges_is_no_damage() -> None:
    """Texture that is another one in the middle, while the rest is exact."""
    y, x = np.mgrid[:SIDE, :SIDE]
    share = np.exp(-((y - 128) ** 2 + (x - 128) ** 2) / (2 * 40.0**2))[..., None]
    soft = (REFERENCE + share * (under_load(strength=0.6).astype(float) - REFERENCE)).round()
    assert judged(soft.astype(np.uint8)).likeness is Likeness.DRIFTED


def test_damage_at_the_edge_reaches_the_edge_where_cells_do_not_end_there() -> None:
    odd = under_load()[: SIDE - 3, : SIDE - 5]
    black = odd.copy()
    black[200:] = 0
    found = judge(black, REFERENCE[: SIDE - 3, : SIDE - 5], EXACT).difference
    assert found is not None
    assert found.regions[0].bottom == SIDE - 3
    assert (found.regions[0].left, found.regions[0].right) == (0, SIDE - 5)
    assert found.content is Content.FLAT


def test_where_the_rest_is_moved_by_a_few_levels_the_damage_is_located() -> None:
    """Group norm moves what is sound; that alone is no damage."""
    moved = (REFERENCE * 0.97 + 5).round().astype(np.uint8)
    assert judged(moved).likeness is Likeness.DRIFTED
    found = judged(spoilt(BOTTOM, OTHER, moved), Candidate("job_004", OTHER)).difference
    assert found is not None
    assert "show job_004" in found.reason
    assert abs(found.regions[0].top - BOTTOM.top) <= 32


def test_pixels_that_cannot_be_seen_are_damage_however_faint() -> None:
    clear = np.dstack([under_load(), np.full((SIDE, SIDE), 255, np.uint8)])
    clear[200:, :, 3] = 0
    assert judged(clear).likeness is Likeness.DAMAGED


def test_a_picture_of_another_size_or_smaller_than_a_cell_is_told_by_its_pixels() -> None:
    assert judged(REFERENCE[:-1]).likeness is Likeness.DAMAGED
    tiny = REFERENCE[:4, :4]
    assert judge(255 - tiny, tiny, EXACT).likeness is Likeness.DAMAGED


def test_what_is_allowed_is_learned_from_the_run_and_damage_in_a_part_moves_nothing() -> None:
    calm = [(0.1, 0.05), (0.12, 0.1), (0.13, 0.05), (0.12, 0.1), (0.11, 0.08)]
    assert learn_structure(calm) == Structure(LEAST_TONE, 1.0, 5)
    assert learn_structure([*calm, (9.0, 4.0), (25.0, 6.0)]).tone == LEAST_TONE


def test_no_run_can_teach_that_damage_is_drift() -> None:
    assert learn_structure([(9.0, 4.0)] * 8) == Structure(1.0, 1.0, 8)


def test_of_too_few_pictures_nothing_is_learned() -> None:
    assert not learn_structure([(0.1, 0.1)] * 3).is_learned
    assert learn_structure([(0.1, 0.1)] * 3).tone == 1.0


def test_what_was_learned_finds_fainter_damage() -> None:
    grey = np.full_like(REFERENCE, 120)
    brighter = grey + np.uint8(6)
    assert reach(scores(brighter, grey)) == pytest.approx((0.6, 0.0))
    for limit, outcome in ((0.5, Likeness.DAMAGED), (0.7, Likeness.DRIFTED)):
        allowed = Tolerance(2, structure=Structure(limit, 1.0, 5))
        assert judge(brighter, grey, allowed).likeness is outcome


def test_a_miner_that_drifts_in_quiet_can_be_compared_by_structure() -> None:
    learned = learn_repeatability([(encoded(REFERENCE), encoded(under_load()))])
    assert learned.sameness is Sameness.STRUCTURE
    assert learned.comparable
    assert (learned.tolerance, learned.drift_tolerance) == (0, None)
    assert str(learned).startswith("the same by structure, pixels up to ")


def small_pictures(count: int) -> Iterator[Pixels]:
    """Of the reference miner, 128 pixels a side, with the prompts of the suite."""
    chance = np.random.default_rng(5)
    for _ in range(count):
        seed = int(chance.integers(1, 2**31))
        yield whole(PROMPTS[seed % len(PROMPTS)], seed, 128)


def test_faint_drift_of_small_pictures_ends_nowhere_abruptly() -> None:
    """They are partly exact after a faint drift."""
    chance = np.random.default_rng(6)
    for number, sound in enumerate(small_pictures(60)):
        assert not ends_abruptly(drifted(sound, 0.33, chance), sound, 2), number


def test_a_lower_half_that_slipped_is_damage_also_where_its_texture_hides_it() -> None:
    """Grass, waves and walls look alike an eighth of the width further; the exact half tells."""
    for number, sound in enumerate(small_pictures(30)):
        torn = sound.copy()
        torn[64:] = np.roll(torn[64:], 16, axis=1)
        assert judge(torn, sound, Tolerance(2)).likeness is Likeness.DAMAGED, number


def test_few_pictures_that_hardly_drifted_do_not_make_others_damaged() -> None:
    learned = learn_structure([(0.05, 0.0)] * 6)
    assert learned.is_learned
    assert learned.tone >= 0.8  # sound pictures have been found so far from their references

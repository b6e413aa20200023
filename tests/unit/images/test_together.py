"""Pictures judged together: each failure that is in all of them is told, and no style is."""

import json
from functools import cache

import numpy as np
import pytest

from asyncproof.images.pixels import Pixels
from asyncproof.images.together.common import LEAST_PICTURES, Shown, common
from asyncproof.images.together.measure import LEAST_SIDE, Measures, measure
from asyncproof.workload.expectable import PROMPTS
from reference.miner.loras import LORAS
from reference.miner.pictures.canvas import whole
from reference.miner.pictures.systematic import SYSTEMATIC, Systematic
from tests.support.systematic import TOLD_AS

SIDE = 128


@cache
def drawn(number: int, lora: str | None = None) -> Pixels:
    return whole(PROMPTS[number], number, SIDE, lora)


@cache
def sound(number: int, lora: str | None = None) -> Shown:
    return shown(drawn(number, lora), PROMPTS[number])


def shown(pixels: Pixels, prompt: str) -> Shown:
    measures = measure(pixels)
    assert measures is not None
    return Shown(prompt, measures)


@pytest.mark.parametrize("kind", SYSTEMATIC, ids=lambda kind: kind.name)
def test_a_failure_that_is_in_all_pictures_is_told_by_its_name(kind: Systematic) -> None:
    found = common([shown(kind.spoil(drawn(n)), PROMPTS[n]) for n in range(len(PROMPTS))])
    assert found is not None
    assert found.name == TOLD_AS.get(kind.name, kind.name)
    assert found.cause


@pytest.mark.parametrize("lora", [None, *LORAS])
def test_a_style_is_no_failure(lora: str | None) -> None:
    assert common([sound(n, lora) for n in range(len(PROMPTS))]) is None


@pytest.mark.parametrize("kind", SYSTEMATIC, ids=lambda kind: kind.name)
def test_a_failure_in_half_of_the_pictures_is_not_told_of_all(kind: Systematic) -> None:
    half = [shown(kind.spoil(drawn(n)), PROMPTS[n]) for n in range(1, len(PROMPTS), 2)]
    assert common([*half, *(sound(n) for n in range(0, len(PROMPTS), 2))]) is None


@pytest.mark.parametrize("name", ["swapped", "negative", "upside-down", "colourless"])
def test_nothing_is_expected_that_no_prompt_named(name: str) -> None:
    """A model may paint blue faces, bright nights and grey pictures, if nobody asked otherwise."""
    (kind,) = (kind for kind in SYSTEMATIC if kind.name == name)
    assert common([shown(kind.spoil(drawn(n)), "a picture") for n in range(len(PROMPTS))]) is None


def test_few_pictures_have_much_in_common() -> None:
    seams = SYSTEMATIC[13].spoil
    few = [shown(seams(drawn(n)), PROMPTS[n]) for n in range(LEAST_PICTURES - 1)]
    assert common(few) is None
    assert common([*few, shown(seams(drawn(19)), PROMPTS[19])]) is not None


def test_measures_survive_being_written() -> None:
    measures = measure(drawn(0))
    assert measures is not None
    assert Measures.from_fields(json.loads(json.dumps(measures.as_fields()))) == measures
    assert {type(value) for value in measures.as_fields().values()} == {float, int, tuple}


@pytest.mark.parametrize("side", [1, LEAST_SIDE - 1, LEAST_SIDE, LEAST_SIDE + 7])
@pytest.mark.parametrize("channels", [3, 4])
def test_any_picture_can_be_measured(side: int, channels: int) -> None:
    """Blank ones too: no division by what they have none of."""
    for level in (0, 255):
        found = measure(np.full((side, side + 3, channels), level, np.uint8))
        assert (found is None) == (side < LEAST_SIDE)
        if found:
            assert np.isfinite(found.light)

"""Which pictures are laid beside which, and what those are called that may have got in."""

from typing import Any

import pytest

from tests.e2e.async_inference.events import AsyncEvent, Delivered, Downloaded, Submitted
from tests.e2e.async_inference.fold import split
from tests.e2e.async_inference.twins import comparisons
from tests.unit.async_inference.histories import a_picture, good_job, scenario, spoiled

Events = list[AsyncEvent]


def a_job(name: str, at: float, picture: str, *, quiet: bool = False, **request: Any) -> Events:
    """A job that asked for this and got that picture."""
    events = spoiled(good_job(name, at, **request), Downloaded, file=a_picture(picture))
    events = spoiled(events, Delivered, image=a_picture(picture))
    return spoiled(events, Submitted, tags={"load": "quiet"}) if quiet else events


QUIET = [
    a_job("job_001", 0.0, "one", quiet=True, seed=1),
    a_job("job_002", 5.0, "two", quiet=True, seed=2),
    a_job("job_003", 10.0, "three", quiet=True, seed=3),
    a_job("job_004", 15.0, "ink", quiet=True, seed=1, lora_path="ink"),
]


def labels(*jobs: Events) -> dict[str, list[str]]:
    """What each damaged picture is looked for in, in order."""
    events = [*scenario(*QUIET), *scenario(*jobs)]
    return {
        c.picture.path: [label for label, _ in c.others] for c in comparisons(split(events)[1][-1])
    }


def test_the_job_before_it_is_named_first_and_then_those_beside_it() -> None:
    """Both names of each; a job that came after its end cannot have got in, so the quiet one is
    named."""
    told = labels(
        a_job("job_011", 30.0, "two", seed=2),
        a_job("job_012", 30.1, "spoilt", seed=1),
        a_job("job_013", 40.0, "three", seed=3),
    )
    look = "the look of LoRA ink, as job_004 (id-job_004) has it"
    assert told == {
        a_picture("spoilt").path: ["job_011 (id-job_011)", "job_003 (id-job_003)", look]
    }


def test_a_job_that_came_while_it_was_made_is_named() -> None:
    """Jobs of one burst share whatever they share."""
    told = labels(a_job("job_011", 30.0, "spoilt", seed=1), a_job("job_012", 30.1, "three", seed=3))
    assert told[a_picture("spoilt").path][0] == "job_012 (id-job_012)"


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ({"seed": 1, "lora_path": "ink"}, "the look of no LoRA, as job_001 (id-job_001) has it"),
        ({"seed": 1}, "the look of LoRA ink, as job_004 (id-job_004) has it"),
    ],
)
def test_another_lora_is_named_as_what_it_is(asked: dict[str, Any], label: str) -> None:
    """The same request with another LoRA or none tells more than the name of its job."""
    told = labels(a_job("job_011", 30.0, "spoilt", **asked))
    assert label in told[a_picture("spoilt").path]


def test_a_picture_of_the_same_bytes_needs_no_comparison() -> None:
    """Nor does a request that was not made in quiet have a twin."""
    assert not labels(a_job("job_011", 30.0, "one", seed=1), a_job("job_012", 31.0, "x", seed=9))

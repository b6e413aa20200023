"""Which pictures are laid beside which, and what those are called that may have got in."""

from typing import Any

import pytest

from asyncproof.facts.comparisons import comparisons
from asyncproof.history.build import split
from asyncproof.history.events import AsyncEvent, Delivered, Downloaded, Submitted
from tests.support.histories import a_history, a_picture, good_job, scenario, spoiled

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
    """Nor does a request that was not made in quiet have a reference."""
    assert not labels(a_job("job_011", 30.0, "one", seed=1), a_job("job_012", 31.0, "x", seed=9))


Pairs = dict[tuple[str, str], bool]
EXACT = [a_job(f"job_00{n}", 3.0 * n, "a", quiet=True, seed=7) for n in (1, 2)]
INEXACT = [EXACT[0], a_job("job_002", 6.0, "b", quiet=True, seed=7)]
ZERO = [a_job(f"job_00{n}", 3.0 * n, name, seed=0) for n, name in ((3, "x"), (4, "y"))]


def planned(*jobs: Events) -> Pairs:
    """Pairs of pictures, and whether they teach how far pictures drift."""
    names = {a_picture(name).sha256: name for name in "abxyz"}
    found = comparisons(a_history(*jobs))
    return {(names[e.pair[0]], names[e.pair[1]]): e.teaches for e in found}


def test_an_exact_miner_is_judged_by_its_files_where_there_is_no_reference() -> None:
    """Nothing more is decoded."""
    assert planned(*EXACT, *ZERO) == {}


def test_equal_requests_without_a_reference_are_laid_beside_each_other() -> None:
    """Where files are never equal, this tells whether pictures are."""
    assert planned(*INEXACT, *ZERO) == {("y", "x"): True}


@pytest.mark.parametrize("other", [{"lora_path": "ink"}, {"prompt": "a whale"}])
def test_requests_that_differ_in_one_thing_teach_nothing_of_drift(other: dict[str, Any]) -> None:
    """The LoRA, or the prompt: they are compared, and nothing is learned from them."""
    styled = a_job("job_003", 9.0, "z", **{"seed": 7, **other})
    assert planned(*INEXACT, styled) == {("z", "a"): False, ("z", "b"): False}

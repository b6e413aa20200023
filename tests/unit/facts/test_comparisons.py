"""Which pictures are laid beside which, and what those are called that may have got in."""

from collections.abc import Iterable
from typing import Any

import pytest

from asyncproof.facts.comparisons import (
    PlannedComparison,
    between_equal_requests,
    between_references,
    comparisons,
    in_dispute,
    with_another_prompt,
)
from asyncproof.facts.equal_requests import disagreeing
from asyncproof.history.build import split
from asyncproof.history.events import AsyncEvent, Compared, Delivered, Downloaded, Submitted
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


def equals(*seeds: int | None, pictures: str) -> list[Events]:
    """Jobs with these seeds, and a picture each."""
    pairs = enumerate(zip(seeds, pictures, strict=True), start=3)
    return [a_job(f"job_{n:03d}", 3.0 * n, name, seed=seed) for n, (seed, name) in pairs]


@pytest.mark.parametrize(
    ("jobs", "pairs"),
    [
        (equals(5, 5, pictures="xx"), []),
        (equals(5, 5, pictures="xy"), [("y", "x")]),
        (equals(5, 5, 5, pictures="xyx"), [("y", "x")]),
        (equals(5, 6, pictures="xy"), []),
        (equals(None, None, pictures="xy"), []),  # each draws a seed of its own
        (equals(7, 7, pictures="xy"), []),  # that was made in quiet
    ],
)
def test_of_requests_without_a_reference_each_picture_is_laid_beside_the_first(
    jobs: list[Events], pairs: list[tuple[str, str]]
) -> None:
    names = {a_picture(name).sha256: name for name in "abxyz"}
    found = between_equal_requests(a_history(*EXACT, *jobs))
    assert [(names[e.pair[0]], names[e.pair[1]]) for e in found] == pairs


def compared(difference: str) -> Compared:
    one, other = a_picture("y").sha256, a_picture("x").sha256
    return Compared(at=50.0, sha256=one, reference=other, difference=difference)


@pytest.mark.parametrize(
    ("comparison", "in_doubt"),
    [
        ([], []),  # nobody looked: drift may be all there is
        ([compared("")], []),
        ([compared("Wrong picture: all rows differ")], ["job_003"]),
    ],
)
def test_requests_whose_pictures_differ_are_made_again(
    comparison: list[AsyncEvent], in_doubt: list[str]
) -> None:
    """Which of the two is wrong, neither of them tells."""
    jobs = [*EXACT, *equals(5, 5, pictures="xy")]
    history = a_history(*jobs, comparison)
    assert [job.name for job in disagreeing(history)] == in_doubt


@pytest.mark.parametrize(
    ("quiet", "pairs"), [(INEXACT, [("z", "a")]), (EXACT, [])], ids=["inexact", "exact"]
)
def test_another_prompt_is_compared_with_what_was_made_in_quiet(
    quiet: list[Events], pairs: list[tuple[str, str]]
) -> None:
    """Whichever scenario sent it; files that are equal for equal requests need no comparison."""
    history = a_history(*quiet, a_job("job_003", 9.0, "z", seed=7, prompt="a whale"))
    assert names_of(with_another_prompt(history)) == pairs


def names_of(found: Iterable[PlannedComparison]) -> list[tuple[str, str]]:
    names = {a_picture(name).sha256: name for name in "abxyz"}
    return [(names[each.pair[0]], names[each.pair[1]]) for each in found]


def test_pictures_of_one_request_made_in_quiet_are_laid_beside_the_first() -> None:
    assert names_of(between_references(a_history(*EXACT))) == []
    assert names_of(between_references(a_history(*INEXACT))) == [("b", "a")]


@pytest.mark.parametrize(
    ("difference", "pairs"),
    [("Wrong picture", [("a", "b"), ("b", "a"), ("x", "a"), ("x", "b")]), ("", [])],
)
def test_where_these_differ_every_picture_of_the_request_is_laid_beside_each(
    difference: str, pairs: list[tuple[str, str]]
) -> None:
    """What drifts without being another picture is no dispute."""
    one, other = a_picture("b").sha256, a_picture("a").sha256
    compared = Compared(at=50.0, sha256=one, reference=other, difference=difference)
    load = a_job("job_003", 9.0, "x", seed=7)
    assert names_of(in_dispute(a_history(*INEXACT, load, [compared]))) == pairs

"""What looks after jobs that the engine may die of."""

import pytest

from asyncproof.workload.scenario import Job, Leaves, a_job
from asyncproof.workload.special_cases import (
    CASE,
    ENGINES_DIE_OF,
    HOSTILE_IDS,
    each_looked_after,
    harmless_between,
    odd_jobs,
    other_sizes,
    with_hostile_ids,
)


@pytest.mark.parametrize(
    ("leaves", "taken", "completed", "wanted"),
    [
        (Leaves.ALWAYS, False, False, True),
        (Leaves.IF_IN_DOUBT, True, True, False),
        (Leaves.IF_IN_DOUBT, True, False, True),
        (Leaves.IF_IN_DOUBT, False, False, False),
    ],
)
def test_a_job_that_looks_after_another_goes_by_what_became_of_it(
    leaves: Leaves, taken: bool, completed: bool, wanted: bool
) -> None:
    assert leaves.is_wanted(taken=taken, completed=completed) is wanted


def looks(*jobs: Job) -> list[Leaves]:
    """When those leave that follow these jobs."""
    return [job.leaves for job in each_looked_after(jobs, lambda: a_job(9)).jobs[1::2]]


def test_a_plain_job_follows_each_that_engines_are_known_to_die_of() -> None:
    sizes = other_sizes(lambda: a_job(1), (1024, 1024))
    assert looks(*sizes) == [Leaves.ALWAYS] * 2
    hostile = with_hostile_ids(lambda: a_job(1))
    deadly = [dict(job.tags)[CASE] in ENGINES_DIE_OF for job in hostile]
    assert looks(*hostile) == [Leaves.ALWAYS if d else Leaves.IF_IN_DOUBT for d in deadly]
    assert HOSTILE_IDS.keys() >= ENGINES_DIE_OF


def test_of_odd_prompts_each_is_followed_by_what_every_miner_takes() -> None:
    killing = odd_jobs(a_job(1))[1:]
    harmless = [a_job(n) for n in (2, 3, 4)]
    between = harmless_between(killing, harmless)
    assert (between[::2], between[1::2]) == (killing, harmless)
    with pytest.raises(ValueError, match="shorter"):
        harmless_between(killing, harmless[:2])


def test_a_size_that_is_known_to_be_taken_is_not_tried() -> None:
    sizes = [job.size for job in other_sizes(lambda: a_job(1), (1024, 1024), known=(512, 512))]
    assert sizes == [(768, 1024)]

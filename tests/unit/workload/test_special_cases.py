"""What looks after jobs that the engine may die of."""

import pytest

from asyncproof.workload.scenario import Job, Leaves, a_job
from asyncproof.workload.special_cases import (
    CASE,
    ENGINES_DIE_OF,
    HOSTILE_IDS,
    PATHS,
    each_looked_after,
    harmless_between,
    odd_jobs,
    other_sizes,
    with_hostile_ids,
)


@pytest.mark.parametrize(
    ("leaves", "taken", "completed", "renamed", "wanted"),
    [
        (Leaves.ALWAYS, False, False, False, True),
        (Leaves.IF_IN_DOUBT, True, True, False, False),
        (Leaves.IF_IN_DOUBT, True, False, False, True),
        (Leaves.IF_IN_DOUBT, False, False, False, False),
        (Leaves.UNLESS_COMPLETED, True, True, False, False),
        (Leaves.UNLESS_COMPLETED, True, False, False, True),
        (Leaves.UNLESS_COMPLETED, False, False, False, True),
        (Leaves.UNLESS_RENAMED, True, True, True, False),
        (Leaves.UNLESS_RENAMED, True, True, False, True),
        (Leaves.UNLESS_RENAMED, False, False, False, True),
    ],
)
def test_a_job_that_looks_after_another_goes_by_what_became_of_it(
    leaves: Leaves, taken: bool, completed: bool, renamed: bool, wanted: bool
) -> None:
    assert leaves.is_wanted(taken=taken, completed=completed, renamed=renamed) is wanted


def looks(*jobs: Job) -> list[Leaves]:
    """When those leave that follow these jobs."""
    return [job.leaves for job in each_looked_after(jobs, lambda: a_job(9)).jobs[1::2]]


def test_a_job_that_completes_follows_all_that_engines_are_known_to_die_of() -> None:
    """The next one, where it does, and else a plain one."""
    doubt = Leaves.IF_IN_DOUBT
    sizes = other_sizes(lambda: a_job(1), (1024, 1024))
    assert looks(*sizes) == [doubt, Leaves.ALWAYS]
    hostile = with_hostile_ids(lambda: a_job(1))
    assert [dict(job.tags)[CASE] in ENGINES_DIE_OF for job in hostile[-3:]] == [True, True, False]
    assert looks(*hostile) == [*[doubt] * 6, Leaves.UNLESS_COMPLETED]
    assert looks(*hostile[:4]) == [doubt] * 4
    assert HOSTILE_IDS.keys() >= ENGINES_DIE_OF


def test_of_paths_as_ids_the_second_leaves_only_where_the_first_is_not_renamed() -> None:
    hostile = {dict(job.tags)[CASE]: job for job in with_hostile_ids(lambda: a_job(1))}
    first, *others = PATHS
    assert "/" in (hostile[first].job_id or "")
    assert {hostile[case].leaves for case in others} == {Leaves.UNLESS_RENAMED}
    assert {hostile[case].leaves for case in HOSTILE_IDS.keys() - set(others)} == {Leaves.ALWAYS}


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

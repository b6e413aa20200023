"""Jobs that ask for any picture ask for one that another job asks for, and nothing else changes."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.facts.in_common import to_be_judged_together
from asyncproof.run.plan import Plan, plan
from asyncproof.run.seats import Wish
from asyncproof.run.shared_requests import with_references
from asyncproof.workload.expectable import expectable
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import (
    Job,
    Leaves,
    a_job,
    burst,
    mingling,
    one_after_another,
)
from asyncproof.workload.special_cases import bad_jobs, odd_jobs, with_unknown_lora


def any_of(seed: int, **changes: object) -> Job:
    return a_job(seed, small=True, brief=True, any_picture=True, **changes)


def planned(*jobs: Job) -> Plan:
    """Each job in a flight of its own."""
    return plan([Wish(f"test {n}", burst([job])) for n, job in enumerate(jobs)], share=False)


def jobs_of(made: Plan) -> list[Job]:
    return [seat.job for flight in made.flights for seat in flight.seats]


def asked(job: Job) -> tuple[object, ...]:
    return job.prompt, job.seed, job.steps, job.small, job.brief


@pytest.mark.parametrize(
    ("count", "groups"), [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (8, [2] * 4)]
)
def test_they_ask_for_the_same_by_twos_and_threes(count: int, groups: list[int]) -> None:
    made = with_references(planned(*map(any_of, range(count))))
    times = Counter(map(asked, jobs_of(made)))
    assert sorted(times.values()) == sorted(groups)


def test_neighbours_ask_for_different_pictures() -> None:
    jobs = [any_of(n) for n in range(6)]
    wishes = [Wish("a", mingling(jobs[:3])), Wish("b", burst(jobs[3:]))]
    made = with_references(plan(wishes))
    for flight in made.flights:
        assert len({asked(seat.job) for seat in flight.seats}) == len(flight.seats)


def test_what_is_judged_together_is_asked_for_once_more_in_as_many_steps() -> None:
    together = to_be_judged_together(expectable(a_job(100, small=True)))[:3]
    specials = [any_of(n, job_id=f"mine-{n}") for n in range(2)]
    made = jobs_of(with_references(planned(*together, *specials)))
    assert [asked(job) for job in made[3:]] == [asked(job) for job in together[:2]]
    assert [job.job_id for job in made[3:]] == ["mine-0", "mine-1"]
    assert made[:3] == together


def test_jobs_that_no_miner_refuses_come_first_as_references_for_what_is_judged_together() -> None:
    together = to_be_judged_together(expectable(a_job(100, small=True)))[:2]
    hostile = any_of(1).provoking(Provocation.UNUSUAL)
    made = jobs_of(with_references(planned(*together, hostile, any_of(2))))
    assert [asked(job) for job in made[2:]] == [asked(job) for job in reversed(together)]
    made = jobs_of(with_references(planned(*together[:1], hostile, any_of(2))))
    assert asked(made[-1]) == asked(together[0]) != asked(made[1])


def test_a_job_that_leaves_in_place_of_another_asks_for_its_picture() -> None:
    (together, *_) = to_be_judged_together(expectable(a_job(100, small=True)))
    instead = any_of(2, leaves=Leaves.UNLESS_COMPLETED)
    made = plan([Wish("a", one_after_another([together])), Wish("b", burst([any_of(1), instead]))])
    *_, one, other = jobs_of(with_references(made))
    assert asked(one) == asked(other) == asked(together)


@pytest.mark.parametrize(
    "job",
    [
        a_job(1),
        *odd_jobs(any_of(2)),
        replace(any_of(3), lora="a.safetensors"),
        replace(any_of(4), size=(64, 64)),
        replace(any_of(4), steps=40),
        replace(any_of(4), guidance=2.0),
        with_unknown_lora(any_of(5)),
        *bad_jobs(lambda: any_of(6))[:2],
    ],
    ids=str,
)
def test_whose_picture_matters_asks_for_its_own(job: Job) -> None:
    others = [any_of(n) for n in range(50, 54)]
    assert jobs_of(with_references(planned(job, *others)))[0] == job


@given(st.lists(st.sampled_from([a_job(1), any_of(2), any_of(3), any_of(4, lora="x")]), max_size=9))
def test_no_job_is_added_or_left_out(jobs: list[Job]) -> None:
    before = planned(*jobs)
    after = with_references(before)
    assert after.places == before.places
    assert [len(flight.seats) for flight in after.flights] == [
        len(flight.seats) for flight in before.flights
    ]
    assert after.pictures == before.pictures

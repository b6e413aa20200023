"""Which jobs ask for a picture that another one asks for, so that the two can be laid beside each
other. Pure: from a plan to a plan.

A job that is special by its receiver, its id or its expiry asks for any picture
(``Job.any_picture``). If it asked for one that nobody else asks for, a wrong seed or a lost row in
it would be seen by nobody; and so it is with the pictures that are judged together, each of which
is made once. No job is added for this.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from asyncproof.history.history import TOGETHER
from asyncproof.run.plan import Flight, Place, Plan
from asyncproof.run.seats import Seat, is_painted
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Job, Leaves


def with_references(plan: Plan) -> Plan:
    """The same plan, in which jobs that ask for any picture ask for the same ones.

    First they ask for what is judged together, in as many steps: those before all others that no
    sound miner refuses. What is left of them asks for the same by twos and threes, in few steps.
    Two that ask for the same are of different flights where there are enough of these, so that a
    mix-up of neighbours still shows.
    """
    places = {(at, n): seat.job for at, n, seat in _seats(plan)}
    free = [place for place, job in places.items() if _asks_for_any(job)]
    free.sort(key=lambda place: not _is_painted_surely(places[place]))
    wanted = _asked_once(places)
    changed = {place: _like(places[place], job) for place, job in zip(free, wanted, strict=False)}
    left = free[len(changed) :]
    # Each asks for what one of the first half asks for; where the number is odd, a third one does.
    half = max(1, len(left) // 2)
    for n, place in enumerate(left[half:]):
        changed[place] = _like(places[place], places[left[n % half]])
    for (at, n), job in places.items():  # one of the two is painted
        before = (at, n - 1)
        if job.leaves is Leaves.UNLESS_COMPLETED and before in free:
            changed[at, n] = _like(job, changed.get(before, places[before]))
    return replace(plan, flights=tuple(_changed(plan, changed)))


def _seats(plan: Plan) -> Iterator[tuple[int, int, Seat]]:
    for at, flight in enumerate(plan.flights):
        for n, seat in enumerate(flight.seats):
            yield at, n, seat


def _asks_for_any(job: Job) -> bool:
    """Whether nothing about its picture matters to the test that sends it."""
    asks = (job.size, job.steps, job.guidance, job.lora)
    return job.any_picture and asks == (None,) * len(asks) and is_painted(job)


def _is_painted_surely(job: Job) -> bool:
    """Whether it leaves in any case, and no sound miner refuses it."""
    return job.leaves is Leaves.ALWAYS and Provocation.UNUSUAL not in job.provokes


def _asked_once(places: dict[Place, Job]) -> list[Job]:
    """The small pictures that are judged together and that no other job asks for."""
    times = Counter(map(_picture, places.values()))
    judged = (job for job in places.values() if TOGETHER in dict(job.tags) and job.small)
    return [job for job in judged if times[_picture(job)] == 1 and job.seed is not None]


def _picture(job: Job) -> tuple[object, ...]:
    return job.prompt, job.seed, job.size, job.small, job.steps, job.brief, job.guidance, job.lora


def _like(job: Job, other: Job) -> Job:
    """The job, asking for the picture of the other one."""
    return replace(
        job,
        prompt=other.prompt,
        seed=other.seed,
        steps=other.steps,
        guidance=other.guidance,
        small=other.small,
        brief=other.brief,
    )


def _changed(plan: Plan, jobs: dict[Place, Job]) -> Iterator[Flight]:
    for at, flight in enumerate(plan.flights):
        seats = (
            replace(seat, job=jobs.get((at, n), seat.job)) for n, seat in enumerate(flight.seats)
        )
        yield replace(flight, seats=tuple(seats))

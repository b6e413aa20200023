"""Seats of jobs, and which of them serve several tests. Pure.

A *wish* is a scenario that a test wants; a *seat* is a job of a flight, with its receiver.
"""

from dataclasses import dataclass, replace

from asyncproof.history.history import LOAD, TOGETHER
from asyncproof.history.history import QUIET as IDLE
from asyncproof.receiver.nemesis import QUIET, Nemesis
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Job, Leaves, Scenario
from asyncproof.workload.special_cases import MEANT, NO_SUCH_LORA, Meant

Key = tuple[str, int]


@dataclass(frozen=True)
class Wish:
    """The ``turn``-th scenario (from 0) of a test, under its nemesis; ``when`` is its ``last``.

    ``alone``: it shares nothing, whatever it is.
    """

    test: str
    scenario: Scenario
    nemesis: Nemesis = QUIET
    turn: int = 0
    when: int = 0
    alone: bool = False

    @property
    def key(self) -> Key:
        return self.test, self.turn


@dataclass(frozen=True)
class Seat:
    """A job, and what handles its callback."""

    job: Job
    nemesis: Nemesis = QUIET

    def serves(self, job: Job) -> bool:
        """Whether its job does for a test that wants this one."""
        return self.nemesis == QUIET and asked(self.job) == asked(job)


def is_painted(job: Job) -> bool:
    """Whether a sound miner makes a picture of it. What is to be refused, or cannot be done, has
    none; nor has a job that leaves only where the one before it has none, or not the right one."""
    special = dict(job.tags).get(MEANT) in (Meant.REFUSED, Meant.TO_FAIL)
    spared = Provocation.REFUSAL in job.provokes or job.leaves is not Leaves.ALWAYS
    return not (special or spared or job.lora == NO_SUCH_LORA)


def is_idle(seat: Seat) -> bool:
    """Whether it has the miner for itself, whatever comes before it and after it."""
    return seat.nemesis == QUIET and dict(seat.job.tags).get(LOAD) == IDLE


def seated(wish: Wish, seats: list[Seat]) -> list[int]:
    """Seats for the jobs of a wish: of equal jobs, as many as the largest wish has.

    A receiver that does no harm may be that of another wish's job: of one that asks for nothing in
    particular, and owes what every job owes.
    """
    free = list(range(len(seats)))
    harmless = wish.nemesis != QUIET and not wish.nemesis.provokes
    taken = []
    for job in wish.scenario.jobs:
        found = None
        if wish.nemesis == QUIET:
            found = next((n for n in free if seats[n].serves(job)), None)
        elif harmless and _is_ordinary(Seat(job)):
            found = next((n for n in free if _is_ordinary(seats[n])), None)
            if found is not None:
                seats[found] = replace(seats[found], nemesis=wish.nemesis)
        if found is None:
            found = len(seats)
            seats.append(Seat(job, wish.nemesis))
        else:
            free.remove(found)
            seats[found] = replace(seats[found], job=both(seats[found].job, job))
        taken.append(found)
    return taken


def _is_ordinary(seat: Seat) -> bool:
    job = seat.job
    ordinary = _owes_all(job) and asks_for_anything(job)
    return seat.nemesis == QUIET and job.any_picture and ordinary


def _owes_all(job: Job) -> bool:
    """Whether a sound miner does with it all that it does with a job that is special in nothing."""
    return not job.provokes or dict(job.tags).get(EXPIRY) == Expiry.AHEAD


def with_their_like(taken: list[int], seats: list[Seat]) -> list[int]:
    """And the seats whose jobs differ from these in nothing but the picture: more evidence."""
    kinds = [_kind(seats[n]) for n in taken if seats[n].nemesis == QUIET]
    alike = [n for n, seat in enumerate(seats) if n not in taken and _kind(seat) in kinds]
    return [*taken, *alike]


def _kind(seat: Seat) -> Seat:
    return Seat(replace(asked(seat.job), prompt="", seed=None), seat.nemesis)


def filled(wish: Wish, seats: list[Seat]) -> list[int]:
    """The first seats with ordinary jobs, whatever their receivers do, each with the tags of the
    job that it stands for, and new ones where there are too few. No job is called idle here: it
    has company."""
    ordinary = [n for n, seat in enumerate(seats) if is_painted(seat.job) and _owes_all(seat.job)]
    taken = []
    for at, job in enumerate(wish.scenario.jobs):
        if at < len(ordinary):
            n = ordinary[at]
            known = dict(seats[n].job.tags)
            new = {name: value for name, value in job.tags if name not in {LOAD, *known}}
            seats[n] = replace(seats[n], job=seats[n].job.tagged(**new))
        else:
            n = len(seats)
            seats.append(Seat(with_company(job)))
        taken.append(n)
    return taken


def asks_for_anything(job: Job) -> bool:
    """Whether it is painted, and any picture will do: nothing but its receiver is special."""
    usual = job.size is None and job.steps is None and job.lora is None and not job.extra
    return usual and is_painted(job) and job.provokes <= {Provocation.EXPIRY}


def asks_for_the_same(job: Job, picture: Job) -> bool:
    """Whether ``job`` is painted, and asks for what ``picture`` asks for."""
    asked = [(*_picture(each), each.extra, each.without) for each in (job, picture)]
    return asked[0] == asked[1] and is_painted(job)


def _picture(job: Job) -> tuple[object, ...]:
    return job.prompt, job.seed, job.size, job.steps, job.guidance, job.lora


def asking_for(picture: Job, job: Job) -> Job:
    """The job, which asks for this picture from here on."""
    asking = replace(
        both(job, picture),
        prompt=picture.prompt,
        seed=picture.seed,
        steps=picture.steps,
        guidance=picture.guidance,
    )
    new = {name: value for name, value in picture.tags if name not in {LOAD, *dict(job.tags)}}
    return asking.tagged(**new)


def with_company(job: Job) -> Job:
    """The job, which others may leave beside."""
    return replace(job, tags=tuple(tag for tag in job.tags if tag[0] != LOAD))


def asked(job: Job) -> Job:
    """Without what changes nothing for a test that is judged on the job as well: its picture may be
    smaller, or be judged together with others."""
    tags = tuple(tag for tag in job.tags if tag[0] != TOGETHER)
    return replace(job, small=False, brief=False, any_picture=False, tags=tags)


def both(one: Job, other: Job) -> Job:
    """``one``, asked for so that it serves the test of ``other`` too."""
    return replace(
        one,
        small=one.small and other.small,
        brief=one.brief and other.brief,
        any_picture=one.any_picture and other.any_picture,
    )


def provoked(seat: Seat) -> Job:
    """Its job, with what its receiver does among what is provoked."""
    return seat.job.provoking(*seat.nemesis.provokes)

"""Which jobs a run sends, and which tests are judged on which. Pure: from wishes to a plan.

Tests that need the same kind of jobs are judged on the same ones. A *wish* is what one test asks
the testbed to run; a *flight* is what is run; a *seat* is a job of a flight.

- Jobs that leave one after another do not meet, so a job that was sent in quiet serves every test
  that wishes for the same one.
- Of wishes for the same shape of load, one flight has the jobs of all: of equal jobs as many as the
  largest wish has.
- Equal scenarios are one, also where requests differ that are sent when all jobs have ended.
- Jobs that are special by themselves (``Scenario.mingles``), each with a callback url and perhaps a
  hostile receiver of its own, fly together; a receiver that does no harm is given to a job that is
  there already, and what has to find the miner free leaves first. Where only number and shape
  matter (``Scenario.any_jobs``), they fill the seats; where only the pictures do
  (``Scenario.any_receivers``), those in the seats ask for them, or one that asks for the same
  serves. Pictures that are to be made one after another are asked for by jobs that fly alone.
- What changes the miner for everybody (a training, a closed port) flies alone, and so does what may
  end the engine, in the order of its mark ``last``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from asyncproof.receiver.nemesis import QUIET, Nemesis
from asyncproof.run.seats import (
    Key,
    Seat,
    Wish,
    asked,
    asking_for,
    asks_for_anything,
    asks_for_the_same,
    both,
    filled,
    is_idle,
    is_painted,
    provoked,
    seated,
    with_company,
    with_their_like,
)
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import (
    AtOnce,
    CallbackTo,
    Job,
    Moment,
    Request,
    Scenario,
    Shape,
)

Place = tuple[int, int]


@dataclass(frozen=True)
class Flight:
    """What is run as one scenario; ``tests`` are judged on it."""

    seats: tuple[Seat, ...]
    shape: Shape
    tests: tuple[str, ...]
    requests: tuple[Request, ...] = ()
    patience: float = 0.0
    until_given_up: bool = False
    when: int = 0

    @property
    def name(self) -> str:
        more = len(self.tests) - 1
        return f"{self.tests[0]} and {more} more" if more else self.tests[0]

    @property
    def scenario(self) -> Scenario:
        """With what its receivers do among the provocations of each job."""
        jobs = (provoked(seat) for seat in self.seats)
        return Scenario(tuple(jobs), self.shape, self.requests, self.patience, self.until_given_up)

    @property
    def nemeses(self) -> tuple[Nemesis, ...]:
        """One for each job."""
        return tuple(seat.nemesis for seat in self.seats)

    @property
    def pictures(self) -> int:
        """How many of its jobs a sound miner paints."""
        return sum(is_painted(seat.job) for seat in self.seats)


@dataclass(frozen=True)
class Plan:
    """The flights in the order of their first tests, and for each wish the places of its jobs, each
    a flight and a seat in it."""

    flights: tuple[Flight, ...] = ()
    places: Mapping[Key, tuple[Place, ...]] = field(default_factory=dict)
    # The flights with the requests of a wish, also where it has no job of its own there.
    asked_in: Mapping[Key, int] = field(default_factory=dict)

    def flights_of(self, key: Key) -> list[int]:
        """The flights that a wish needs, in the order in which they have to be run.

        A test's earlier scenarios come before its later ones, also where these are shared: idle
        references are made before what is compared with them.
        """
        needed: dict[int, None] = {}
        self._need(key, needed, set())
        return list(needed)

    def _need(self, key: Key, needed: dict[int, None], seen: set[Key]) -> None:
        if key in seen:
            return
        seen.add(key)
        asked = {self.asked_in[key]} if key in self.asked_in else set[int]()
        flights = sorted({flight for flight, _ in self.places.get(key, ())} | asked)
        for flight in flights:
            for test, turn in self.places:
                earlier = self.places.get((test, turn + 1), ()) if flight not in needed else ()
                if any(at == flight for at, _ in earlier):
                    self._need((test, turn), needed, seen)
            needed[flight] = None

    @property
    def pictures(self) -> int:
        return sum(flight.pictures for flight in self.flights)


def plan(wishes: Sequence[Wish], *, share: bool = True) -> Plan:
    """The plan for these wishes, in this order. Without ``share``, each has a flight of its own."""
    making = _Making()
    together: dict[object, list[Wish]] = {}
    for wish in wishes if share else ():
        together.setdefault(_company(wish), []).append(wish)
    for n, wish in enumerate(wishes):
        if wish.key in making.places:
            continue
        company = _company(wish)
        equal = next((w for w in wishes[:n] if share and _is_equal(w, wish)), None)
        if equal is not None:
            making.with_it(equal, wish)
        elif company is None or not share:
            making.alone(wish)
        elif company == SERIAL:
            making.one_after_another(wish)
        else:
            making.together(together[company])
    return Plan(tuple(making.flights), making.places, making.asked_in)


def _is_equal(one: Wish, other: Wish) -> bool:
    if one.alone or other.alone or not one.scenario.jobs:
        return False
    jobs = [tuple(map(asked, wish.scenario.jobs)) for wish in (one, other)]
    rest = [(_but_for_jobs(w), w.nemesis, w.when) for w in (one, other)]
    return jobs[0] == jobs[1] and rest[0] == rest[1]


def _but_for_jobs(wish: Wish) -> Scenario:
    """What else its scenario is; of a flight that it has to itself without the requests after its
    jobs, which change nothing for them."""
    requests = wish.scenario.requests
    if _company(wish) is None:
        requests = tuple(r for r in requests if r.moment is not Moment.AFTER)
    return replace(wish.scenario, jobs=(), requests=requests)


SERIAL = "one after another"


def _company(wish: Wish) -> object:
    """What wishes have in common that fly together; None for one that flies alone."""
    scenario = wish.scenario
    if wish.alone or not wish.nemesis.spares_others or not scenario.jobs:
        return None
    if isinstance(scenario.shape, AtOnce):
        return SERIAL if scenario.shape == AtOnce(1) and not wish.when else None
    if scenario.provokes or any(r.moment is Moment.HALFWAY for r in scenario.requests):
        return None
    anywhere = scenario.any_jobs or scenario.any_receivers
    if scenario.mingles or (anywhere and wish.nemesis == QUIET):
        holds = Provocation.RECEIVER_HOLDS in wish.nemesis.provokes
        return "mingling", holds, wish.when
    return (scenario.shape, wish.when) if wish.nemesis == QUIET else None


class _Making:
    """The plan while it is made."""

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        self.places: dict[Key, tuple[Place, ...]] = {}
        self.asked_in: dict[Key, int] = {}
        self._idle: list[Place] = []
        self._lone: list[Place] = []

    def alone(self, wish: Wish) -> None:
        seats = [Seat(job, wish.nemesis) for job in wish.scenario.jobs]
        at = self._add(_flight([wish], seats))
        if len(seats) == 1 and not (wish.alone or wish.when or wish.scenario.requests):
            self._lone.append((at, 0))
        self.places[wish.key] = tuple((at, n) for n in range(len(seats)))
        self.asked_in[wish.key] = at

    def with_it(self, first: Wish, wish: Wish) -> None:
        """The same scenario once more."""
        self.places[wish.key] = self.places[first.key]
        if first.key in self.asked_in:
            self.asked_in[wish.key] = at = self.asked_in[first.key]
            tests = dict.fromkeys((*self.flights[at].tests, wish.test))
            requests = _each_once([*self.flights[at].requests, *wish.scenario.requests])
            self.flights[at] = replace(
                self.flights[at], tests=tuple(tests), requests=tuple(requests)
            )
        for place, job in zip(self.places[wish.key], wish.scenario.jobs, strict=True):
            self._let_serve(place, job)

    def one_after_another(self, wish: Wish) -> None:
        """A flight with those of its jobs that no earlier one has.

        Only jobs that are meant to have the miner for themselves are shared: of others, what came
        before them may matter. Where any receivers do, others are asked for where a job is alone.
        """
        places = list[Place]()
        at, seats, free = len(self.flights), list[Seat](), list(self._idle)
        for job in wish.scenario.jobs:
            seat = Seat(job, wish.nemesis)
            shared = next((p for p in free if self._at(p).serves(job)), None)
            if shared is not None and is_idle(seat):
                free.remove(shared)
                self._let_serve(shared, job)
                places.append(shared)
            elif (lone := self._lone_one(wish, seat)) is not None:
                self._put(lone, asking_for(job, self._at(lone).job))
                places.append(lone)
            else:
                places.append((at, len(seats)))
                seats.append(seat)
        if seats or wish.scenario.requests:
            own = [n for n, place in enumerate(places) if place[0] == at]
            self._add(_flight([_for_the_rest(wish, own)], seats))
            self._idle += [(at, n) for n, seat in enumerate(seats) if is_idle(seat)]
        if wish.scenario.requests:
            self.asked_in[wish.key] = at
        self.places[wish.key] = tuple(places)

    def together(self, wishes: Sequence[Wish]) -> None:
        """One flight; those that any jobs satisfy come last, and take what is there."""
        at = len(self.flights)
        any_will_do = [wish for wish in wishes if wish.scenario.any_jobs]
        asking = [wish for wish in wishes if wish.scenario.any_receivers]
        particular = [wish for wish in wishes if wish not in (*any_will_do, *asking)]
        particular.sort(key=lambda wish: wish.nemesis != QUIET)  # which are given to jobs there
        wanted = (job for wish in particular for job in wish.scenario.jobs if wish.nemesis == QUIET)
        seats = [Seat(job) for job in wanted if job.leaves_first]
        taken: dict[Key, list[int]] = {}
        for wish in particular:
            taken[wish.key] = seated(wish, seats)
        for wish in particular:
            taken[wish.key] = with_their_like(taken[wish.key], seats)
        for wish in any_will_do:
            taken[wish.key] = filled(wish, seats)
        given = set[int]()
        for wish in asking:
            self.places[wish.key] = self._asked_by(wish, at, seats, given)
            given.update(n for flight, n in self.places[wish.key] if flight == at)
        shaped = any_will_do or particular or asking
        self._add(replace(_flight(wishes, seats), shape=shaped[0].scenario.shape))
        for wish in wishes:
            if wish.key in taken:
                self.places[wish.key] = tuple((at, n) for n in taken[wish.key])
            self.asked_in[wish.key] = at

    def _asked_by(
        self, wish: Wish, at: int, seats: list[Seat], given: Collection[int]
    ) -> tuple[Place, ...]:
        """Where a job asks for the same picture as one of this wish, in quiet or in a seat that is
        ``given`` to another wish; else the first seats whose jobs are painted and ask for nothing
        in particular, each with what is asked for in its place; new ones where there are too few.
        ``seats`` are those of the flight ``at``, which is being made."""
        others = (n for n in range(len(seats)) if n not in given)
        free = [n for n in others if asks_for_anything(seats[n].job)]
        places = list[Place]()
        for job in wish.scenario.jobs:
            n = next((n for n in given if asks_for_the_same(seats[n].job, job)), None)
            idle = next((p for p in self._idle if asks_for_the_same(self._at(p).job, job)), None)
            if n is None and idle is not None and idle not in places:
                self._put(idle, asking_for(job, self._at(idle).job))
                places.append(idle)
                continue
            if n is None or (at, n) in places:
                n = free.pop(0) if free else len(seats)
            if n == len(seats):
                seats.append(Seat(with_company(job)))
            else:
                seats[n] = replace(seats[n], job=asking_for(job, seats[n].job))
            places.append((at, n))
        return tuple(places)

    def _lone_one(self, wish: Wish, seat: Seat) -> Place | None:
        """Where a job is alone in the miner that may ask for what this one asks for."""
        if (
            not wish.scenario.any_receivers
            or is_idle(seat)
            or seat.job.callback is CallbackTo.NOWHERE
        ):
            return None
        return next((p for p in self._lone if self._at(p).job.any_picture), None)

    def _add(self, flight: Flight) -> int:
        self.flights.append(flight)
        return len(self.flights) - 1

    def _at(self, place: Place) -> Seat:
        return self.flights[place[0]].seats[place[1]]

    def _let_serve(self, place: Place, job: Job) -> None:
        self._put(place, both(self._at(place).job, job))

    def _put(self, place: Place, job: Job) -> None:
        at, n = place
        seats = list(self.flights[at].seats)
        seats[n] = replace(seats[n], job=job)
        self.flights[at] = replace(self.flights[at], seats=tuple(seats))


def _for_the_rest(wish: Wish, rest: Sequence[int]) -> Wish:
    """The wish where only these of its jobs are of its own flight: what it asks for halfway comes
    before them where the first half is elsewhere."""
    if any(n < len(wish.scenario.jobs) // 2 for n in rest):
        return wish
    requests = (
        replace(r, moment=Moment.BEFORE) if r.moment is Moment.HALFWAY else r
        for r in wish.scenario.requests
    )
    return replace(wish, scenario=replace(wish.scenario, requests=tuple(requests)))


def _flight(wishes: Sequence[Wish], seats: Iterable[Seat]) -> Flight:
    requests = _each_once(r for wish in wishes for r in wish.scenario.requests)
    first = wishes[0].scenario
    return Flight(
        tuple(seats),
        first.shape,
        tuple(dict.fromkeys(wish.test for wish in wishes)),
        tuple(requests),
        max(wish.scenario.patience for wish in wishes),
        first.until_given_up,
        wishes[0].when,
    )


def _each_once(requests: Iterable[Request]) -> list[Request]:
    found: list[Request] = []
    for request in requests:
        if request not in found:
            found.append(request)
    return found

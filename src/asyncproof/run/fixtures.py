"""What a test of the suite gets: its testbed, its jobs and its judge."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from random import Random
from time import monotonic

import pytest

from asyncproof.driver.job_state import NO_TIME_LEFT
from asyncproof.facts import engine
from asyncproof.facts.sickness import left_alone, sickness
from asyncproof.harness.verdict import Check, Verdict
from asyncproof.history.build import split
from asyncproof.history.history import History
from asyncproof.liveness.clocks import Budgets
from asyncproof.nemesis import Nemesis
from asyncproof.receiver.nemesis import QUIET
from asyncproof.reports.stress_report import stress_report
from asyncproof.run.looking_after import LookingAfter
from asyncproof.run.plan import Flight
from asyncproof.run.preflight import Offer, RunLostError, SetupError
from asyncproof.run.pytest_markers import families
from asyncproof.run.seats import Wish
from asyncproof.run.session import NOT_RUN, Session, within
from asyncproof.run.testbed import Testbed
from asyncproof.wire.dialect import Dialect
from asyncproof.workload import expectable
from asyncproof.workload.needed import fitted
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Job, Scenario, a_job
from asyncproof.workload.special_cases import MEANT, Meant

USUAL_SEED = 42
# Plain jobs after one with a LoRA; each is a picture that a GPU has to draw.
FEWEST, MOST = 2, 4
# A scenario ends itself well before pytest would end its test without a verdict.
SHARE_OF_THE_LIMIT = 0.85
LEAST_TIME = 5.0  # seconds that a further scenario of a test gets when its time is nearly up
# What is done without an engine waits for answers and not for pictures.
WITHOUT_ENGINE = Budgets(silence=5.0, step=5.0, total=5.0, process=5.0)
Judge = Callable[[History, Sequence[Check[History]]], Verdict]


@dataclass(frozen=True)
class BoundTestbed:
    """The testbed, told which test its scenarios are for and until when that test may run.

    ``needs_no_engine``: the test is of use also when no picture is made any more.
    """

    _testbed: Testbed
    _session: Session
    _name: str
    _until: float = inf
    _needs_no_engine: bool = False
    _turns: Iterator[int] = field(default_factory=count)

    def run(self, scenario: Scenario, nemesis: Nemesis | None = None) -> History:
        """Run a scenario, or take what was run for an earlier test where that is the same.

        Where its jobs leave it in doubt whether the engine still works, a plain job shows that.

        Skips the test where it needs a callback server of our own and there is none, where it needs
        an engine that is dead, or something that a server of this dialect does not have.
        """
        nemesis = nemesis or QUIET
        wish = self._wish(fitting(scenario, self.dialect, nemesis), nemesis)
        flights, dead = self._session.flights, bool(self._session.miner.engine_dead)
        if self._session.miner.gone:
            pytest.skip(f"{NOT_RUN} {self._session.miner.engine_dead}")
        if self._session.is_over_budget():
            self._session.left_out.append(self._name)
            pytest.skip(f"{NOT_RUN} the time of --budget is up")
        for flight in flights.to_be_run(wish, apart=dead):
            flights.was_run(wish, flight, self._fly(flight))
        return flights.history(wish, split(self._testbed.recorder.events)[1])

    def _wish(self, scenario: Scenario, nemesis: Nemesis) -> Wish:
        return Wish(self._name, scenario, nemesis, turn=next(self._turns))

    def _fly(self, flight: Flight) -> tuple[str, ...]:
        dead = self._session.miner.engine_dead
        if dead and needs_an_engine(flight.scenario) and not self._needs_no_engine:
            pytest.skip(f"{NOT_RUN} {dead}")
        name = self._name if self._name in flight.tests else flight.name
        if dead:
            return self._run(without_an_end(flight.scenario), flight.nemeses, name, WITHOUT_ENGINE)
        scenario, nemeses, names = flight.scenario, flight.nemeses, tuple[str, ...]()
        while True:
            names += self._run(scenario, nemeses, name)
            history = self._last()
            found = sickness(history) or left_alone(history)
            if found or engine.is_in_doubt(history, self._session.miner.survived):
                self._looking_after().confirm(history, found)
            stayed = self._stayed(flight, names, history)
            if not stayed or self._session.miner.engine_dead:
                return names
            names = names[:-stayed]
            scenario = replace(flight.scenario, jobs=flight.scenario.jobs[-stayed:])
            nemeses = flight.nemeses[-stayed:]

    def _stayed(self, flight: Flight, names: tuple[str, ...], history: History) -> int:
        """How many jobs at the end of a flight did not leave because one before them was given up:
        they leave now, if the engine goes on. What else a flight asks for is asked for once."""
        sent = [n for n, name in enumerate(names) if name in history.jobs]
        gave_up = any(job.gave_up for job in history)
        if not (flight.until_given_up and gave_up and sent) or flight.requests:
            return 0
        return len(names) - 1 - sent[-1]

    def plain_job_after(self, history: History) -> History:
        """A plain job and a question for health, after jobs that the engine may have died of; once
        for the same jobs."""
        return self._looking_after().plain_job_after(history)

    def _looking_after(self) -> LookingAfter:
        def run(scenario: Scenario, name: str, most: Budgets) -> History:
            self._run(fitting(scenario, self.dialect), (QUIET,), name, most)
            return self._last()

        return LookingAfter(self._testbed, self._session, self._name, run)

    def _run(
        self,
        scenario: Scenario,
        nemeses: Sequence[Nemesis],
        name: str,
        most: Budgets | None = None,
    ) -> tuple[str, ...]:
        left = max(self._until - monotonic(), LEAST_TIME)
        try:
            names = self._testbed.fly(scenario, nemeses, name=name, seconds=left, most=most)
        except RunLostError as error:
            self._session.unavailable = str(error)
            pytest.skip(str(error))
        except SetupError as error:
            pytest.skip(str(error))
        waiting = (one.waiting_for for job in self._last() for one in job.gave_up)
        if NO_TIME_LEFT in waiting:
            self._session.ran_out_of_time(name)
        return names

    def _last(self) -> History:
        return split(self._testbed.recorder.events)[1][-1]

    @property
    def dialect(self) -> Dialect:
        return self._session.dialect

    @property
    def small(self) -> tuple[int, int]:
        """The size of pictures that nobody looks at; that of the settings where no other is known
        to be taken."""
        return self._session.small

    @property
    def loras(self) -> tuple[str, ...]:
        return self._testbed.offer.loras

    @property
    def jobs_to_meet_each_engine(self) -> int:
        """One more than there are engines, as far as the miner tells; two where it does not."""
        return jobs_to_meet_each_engine(self._testbed.offer)


def fitting(scenario: Scenario, dialect: Dialect, nemesis: Nemesis = QUIET) -> Scenario:
    """The scenario as a server of this dialect can take it; skips the test where it cannot."""
    fit = fitted(scenario, dialect.lacks, needs=nemesis.needs, asked=dialect.asked)
    if isinstance(fit, str):
        pytest.skip(f"not applicable: {fit}")
    return fit


def jobs_to_meet_each_engine(offer: Offer) -> int:
    return min(max(offer.engines + 1, FEWEST), MOST)


def needs_an_engine(scenario: Scenario) -> bool:
    """Whether a job of it may have to be drawn. What must be refused, or is no job, needs none."""
    return any(dict(job.tags).get(MEANT) != Meant.REFUSED for job in scenario.jobs)


def without_an_end(scenario: Scenario) -> Scenario:
    """The scenario with jobs that are not expected to end: a dead engine is reported already."""
    jobs = (job.provoking(Provocation.UNUSUAL) for job in scenario.jobs)
    return replace(scenario, jobs=tuple(jobs))


def bound_testbed(session: Session, test: pytest.Item) -> BoundTestbed:
    """The run's testbed for this test; skips the test where none can be opened."""
    limit = SHARE_OF_THE_LIMIT * time_limit(test)
    needs_none = test.get_closest_marker("needs_no_engine") is not None
    try:
        testbed = session.testbed()
    except SetupError as error:
        pytest.skip(str(error))
    return BoundTestbed(testbed, session, test.name, monotonic() + limit, needs_none)


def time_limit(test: pytest.Item) -> float:
    """Seconds after which pytest ends this test, by its marker, the option or ``pytest.ini``."""
    marker = test.get_closest_marker("timeout")
    given = (marker.args or (marker.kwargs.get("timeout"),))[0] if marker else None
    if given is None and test.config.pluginmanager.hasplugin("timeout"):
        given = test.config.getoption("timeout", None) or test.config.getini("timeout")
    try:
        return float(given or 0) or inf
    except (TypeError, ValueError):
        return inf


@dataclass(frozen=True)
class Draw:
    """Jobs for one test. Their seeds come from the run's seed."""

    _chance: Random
    _plain: tuple[Job, ...]
    _neighbour: Job
    _stranger: Job
    _small: bool
    _brief: bool

    def job(self, **changes: object) -> Job:
        """A job that no other test and no other run has. Where its test is not about pictures, the
        plan may have it ask for a picture that another job of the run asks for."""
        drawn = a_job(self._chance.randrange(1, 2**31), any_picture=self._small)
        return self._as_wanted(drawn, **changes)

    def jobs(self, count: int, **changes: object) -> list[Job]:
        return [self.job(**changes) for _ in range(count)]

    def neighbour(self, **changes: object) -> Job:
        """The request that others are laid beside which differ from it in one thing: its seed, its
        LoRA, its prompt; or in nothing but what came before it. The same for each test of a run.

        It asks for the seed that is the usual default of miners, and for a small picture in half
        the steps: seeds and LoRAs are the same at every size and in every number of steps.
        """
        return self._as_wanted(self._neighbour, **({"small": True} | changes))

    def stranger(self) -> Job:
        """The neighbour with another prompt. The same for each test of a run."""
        return self._as_wanted(self._stranger, small=True)

    def requests(self) -> list[Job]:
        """Plain jobs, as many as ``STRESS_TEST_TWINS`` says, and the same for each test of a run:
        tests that send them in the same way can be judged on the same jobs."""
        return self.plain(len(self._plain))

    def plain(self, count: int, **changes: object) -> list[Job]:
        """These requests in turn, until there are so many jobs."""
        requests = [self._as_wanted(job, **changes) for job in self._plain]
        return [requests[n % len(requests)] for n in range(count)]

    def _as_wanted(self, job: Job, **changes: object) -> Job:
        return replace(job, **({"small": self._small, "brief": self._brief} | changes))  # type: ignore[arg-type]


def draw_for(session: Session, test: pytest.Item) -> Draw:
    """The jobs of one test: with the size and the steps of the settings where it is about pictures,
    with the steps where it is about progress."""
    about = families(test)
    pictures = not about.isdisjoint({"IMG", "IDN", "TRN", "RES"})
    progress = not about.isdisjoint({"LIV", "POL"})
    chance = session.chance("plain jobs")
    plain = [_of_its_own(chance) for _ in range(session.settings.twins)]
    one = _of_its_own(chance)
    # No other run's, though their seed is.
    prompts = [f"{prompt}, number {one.seed}" for prompt in (one.prompt, expectable.PROMPTS[0])]
    steps = half_the_steps(session.settings.inference_steps)
    neighbour, stranger = (
        replace(one, prompt=prompt, seed=USUAL_SEED, steps=steps) for prompt in prompts
    )
    of_it = (not pictures, not (pictures or progress))
    return Draw(session.chance(test.name), tuple(plain), neighbour, stranger, *of_it)


ENOUGH_STEPS = 10  # with fewer, pictures of two seeds may be alike in their structure


def half_the_steps(usual: int) -> int:
    """Half as many, as long as these are enough for pictures of two seeds to differ."""
    return min(usual, max(ENOUGH_STEPS, usual // 2))


def _of_its_own(chance: Random) -> Job:
    """A request that no other run has."""
    return a_job(chance.randrange(1, 2**31))


def judge_for(session: Session, test: pytest.Item) -> Judge:
    """Judges a scenario; the verdict joins the run's, and JUnit learns clauses and jobs."""

    def judge(history: History, checks: Sequence[Check[History]]) -> Verdict:
        wanted = [check for check in checks if within(session.only, check.clauses)]
        if not wanted:
            pytest.skip(f"nothing of {', '.join(sorted(session.only))} is judged here")
        verdict = session.judge(history, wanted, test.name)
        for finding in verdict.findings:
            test.user_properties.append(("clause", finding.clause))
            test.user_properties.append(("job", finding.subject))
        if test.get_closest_marker("stress"):
            sys.stdout.write("\n" + stress_report(history))
        reasons = [result.reason for result in verdict.results if result.reason]
        if reasons and len(reasons) == len(verdict.results) and not verdict.findings:
            pytest.skip(f"not applicable: {reasons[0]}")
        return verdict

    return judge

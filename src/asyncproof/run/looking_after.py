"""After jobs that the engine may have died of: one plain job alone, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from asyncproof.checks import THE_ENGINE, liveness
from asyncproof.facts import engine
from asyncproof.facts.sickness import Found, Sickness, of_all
from asyncproof.history.history import History, JobRecord
from asyncproof.liveness.clocks import Budgets
from asyncproof.run.session import Session
from asyncproof.run.testbed import Testbed
from asyncproof.workload import special_cases
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import Scenario, a_job, one_after_another

PLAIN, MANY_TIMES = 30.0, 5.0  # seconds, and times the longest job of the run
NEVER_SEEN = 60.0  # seconds, where no job has completed and the first had its whole time
GONE_FOR = 15.0  # seconds in which a miner that nobody listens for may come back
# Plain jobs in a row that hang, on a miner on which other jobs complete, until its engine counts as
# dead. Where every third job hangs, the first one alone would say so in one of three cases.
MOST_LOOKS = 3
Run = Callable[[Scenario, str, Budgets], History]


@dataclass(frozen=True)
class LookingAfter:
    """Looks after the miner for one test; ``run`` runs a scenario with a quiet receiver."""

    _testbed: Testbed
    _session: Session
    _name: str
    _run: Run

    def confirm(self, history: History, found: Found | None) -> None:
        """Ask for one job alone, and go by what becomes of it: a miner that recovers is tested on.

        Where it is no better, what needs an engine is not run any more.
        """
        session, miner = self._session, self._session.miner
        if found and found.sickness is Sickness.GONE and not self._testbed.comes_back(GONE_FOR):
            session.engine_died(str(found))
            miner.gone = True
            return
        if found and found.sickness is Sickness.DELIVERS_NOTHING and miner.sends_no_callbacks:
            return
        after = self.plain_job_after(history)
        session.judge(after, THE_ENGINE, self._look)
        confirmed = of_all(after)
        if confirmed is None or found is None or miner.engine_dead:
            return
        if confirmed.sickness is Sickness.DELIVERS_NOTHING:
            miner.sends_no_callbacks = True
            self._testbed.expect_no_callbacks()
        elif confirmed.sickness is not Sickness.HANGS or found.sickness is Sickness.HANGS:
            session.engine_died(str(confirmed))

    def plain_job_after(self, history: History) -> History:
        """A plain job and a question for health, after jobs that the engine may have died of; once
        for the same jobs.

        If it hangs too, the engine counts as dead from here on.
        """
        jobs, known = frozenset(history.jobs), self._session.miner.looked_after
        if jobs not in known:
            known[jobs] = self._looked_after(history)
        return known[jobs]

    @property
    def _look(self) -> str:
        return f"{self._name}, and a plain job after it"

    def _looked_after(self, history: History) -> History:
        suspect = engine.likeliest(history)
        looks = [self._ask(history, suspect, 0)]
        while any(map(engine.is_stuck, looks[-1])):
            works = suspect is not None and engine.works_beside(self._session.whole(), suspect)
            if not works or len(looks) == MOST_LOOKS:
                since = f" since {self._blamed(suspect)}" if suspect is not None else ""
                self._session.engine_died(f"the engine is dead{since}")
                return looks[-1]
            looks.append(self._ask(history, suspect, len(looks)))
        for hung in looks[:-1]:
            self._session.judge(hung, [liveness.every_job_makes_progress], self._look)
        if suspect is not None and any(job.completed for job in looks[-1]):
            self._session.miner.survived.add(engine.special_about(suspect))
        return looks[-1]

    def _blamed(self, suspect: JobRecord) -> str:
        return engine.blamed(self._session.whole(), suspect)

    def _ask(self, history: History, suspect: JobRecord | None, look: int) -> History:
        """For a plain job, with the job before it that the engine may have died of as its tag."""
        tags = {}
        if suspect is not None:
            tags = {engine.SUSPECT: self._blamed(suspect)}
            tags[engine.SPECIAL] = engine.special_about(suspect)
        seed = self._session.chance(f"{self._look} {look or ''}".strip()).randrange(1, 2**31)
        # Its steps are to be seen where one was seen to hang.
        brief = not any(map(engine.is_stuck, history))
        plain = a_job(seed, small=True, brief=brief).tagged(**tags)
        plain = plain.provoking(Provocation.UNUSUAL)  # what becomes of it is THE_ENGINE's
        health = special_cases.health_after(self._session.dialect.health)
        scenario = one_after_another([plain]).beside(health)
        return self._run(scenario, self._look, self._time_of_a_plain_job())

    def _time_of_a_plain_job(self) -> Budgets:
        """Many times what a job of this run took: on an engine that works, no plain job needs more,
        and the time of a test is not long enough for two jobs that hang."""
        usual = Budgets.of(self._session.settings)
        longest = engine.longest_job(self._session.whole())
        most = NEVER_SEEN if longest is None else max(PLAIN, MANY_TIMES * longest)
        return shortened(usual, most)


def shortened(usual: Budgets, seconds: float) -> Budgets:
    """The budgets with none that is longer than this, wherever a job may hang."""
    return replace(
        usual,
        step=min(usual.step, seconds),
        total=min(usual.total, seconds),
        process=min(usual.process, seconds),
        first_step=min(usual.first_step, seconds),
        preload=0.0,
        download=0.0,
    )

"""One pytest session is one run: its target, its testbed, its verdicts and its reports."""

import random
import secrets
import shutil
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncproof import places
from asyncproof.facts import sizes, timings
from asyncproof.facts.applicable import applicable
from asyncproof.facts.causes import PRIORITY, explained
from asyncproof.facts.damage import doubtful_jobs
from asyncproof.facts.equal_requests import disagreeing
from asyncproof.facts.observer import without_weak
from asyncproof.harness import baseline, contract
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.processes import StartError
from asyncproof.harness.recorder import unwritable
from asyncproof.harness.verdict import Check, CheckResult, Known, Verdict, judge
from asyncproof.history.build import build
from asyncproof.history.events import Judged
from asyncproof.history.history import History
from asyncproof.history.recorder import Recorder
from asyncproof.reports import machine
from asyncproof.reports.damage_gallery import damage_gallery
from asyncproof.reports.html.run_page import report_page
from asyncproof.run import capabilities
from asyncproof.run.budget import NO_LIMIT, RunBudget
from asyncproof.run.flights import Flights
from asyncproof.run.late_checks import WHOLE_RUN, judged_as_a_whole, told_once
from asyncproof.run.miner_state import MinerState
from asyncproof.run.plan import Plan, plan
from asyncproof.run.plan_report import pace, seconds
from asyncproof.run.preflight import Offer, RunLostError, SetupError
from asyncproof.run.reference_miner import reference_miner
from asyncproof.run.seats import Wish
from asyncproof.run.shared_requests import with_references
from asyncproof.run.testbed import Testbed
from asyncproof.settings import REFERENCE, Settings
from asyncproof.wire.dialect import dialect

PROTOCOL = places.contract("protocol")
NOT_RUN = "not run:"
ANY_PORT = "http://127.0.0.1:0"  # two runs against reference miners do not meet
Observe = Callable[[Recorder], None]
# Marks work in which Ctrl-C may end the run early; elsewhere it waits.
Interruptible = Callable[[], AbstractContextManager[None]]
Rehearse = Callable[[Offer], Sequence[Wish]]


def within(only: frozenset[str], clauses: Sequence[str]) -> bool:
    """Whether one of the clauses is of these families (none: of any), or about the run itself."""
    families = {clause.partition("-")[0] for clause in clauses}
    return not only or bool(families & (only | {"RUN"}))


@dataclass
class Session:
    """Opens the testbed when the first test asks for it, and closes everything at the end.

    ``rehearse`` tells what the tests of this session will wish for, given the miner's LoRAs and how
    many engines it has; with ``share`` they are judged on the same jobs where they can be.
    ``left_out`` are the tests for which the ``budget`` was too small.
    ``verdicts`` has that of each test, by its name.

    ``unavailable`` is why nothing (more) could be tested, ``broken`` where the suite itself failed.
    """

    settings: Settings
    strict: bool = False
    only: frozenset[str] = frozenset()
    baseline: frozenset[Known] = frozenset()
    update_baseline: Path | None = None
    watch: Observe | None = None
    command: str = ""
    interruptible: Interruptible = nullcontext
    seed: int = 0
    results: list[CheckResult] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    miner: MinerState = field(default_factory=MinerState)
    rehearse: Rehearse | None = None
    share: bool = True
    budget: RunBudget = NO_LIMIT
    left_out: list[str] = field(default_factory=list)
    unavailable: str = ""
    incomplete: str = ""
    broken: str = ""
    recorder: Recorder | None = None
    _testbed: Testbed | None = None
    _flights: Flights | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        chosen = self.settings.run_seed
        self.seed = secrets.randbits(32) if chosen is None else chosen
        self.clauses = contract.load(PROTOCOL)
        self.dialect = dialect(self.settings.profile_name)
        self.levels = contract.levels(self.clauses) | dict(self.dialect.profile.levels)
        self.capabilities = capabilities.read(self.settings.report_dir, self.settings.miner_url)

    def testbed(self) -> Testbed:
        """The run's testbed.

        Raises:
            SetupError: the miner or the callback server is unavailable, now and on later calls.
        """
        if self.unavailable:
            raise SetupError(self.unavailable)
        if self._testbed is None:
            try:
                self._testbed = self._open()
            except (SetupError, StartError, OSError) as error:
                self.unavailable = str(error)
                self._leave_no_empty_run()
                raise SetupError(self.unavailable) from error
        return self._testbed

    def _leave_no_empty_run(self) -> None:
        """A run that could not begin has nothing to report."""
        if self.recorder is not None:
            shutil.rmtree(self.recorder.folder, ignore_errors=True)
            self.recorder = None

    def plan(self, offer: Offer) -> Plan:
        """What the tests of this session will send to a miner with this offer."""
        wishes = self.rehearse(offer) if self.rehearse else []
        made = plan(wishes, share=self.share)
        return with_references(made) if self.share else made

    @property
    def small(self) -> tuple[int, int]:
        """The size of pictures that nobody looks at."""
        return self.capabilities.small(self.settings.image_size, self.settings.small_size)

    def time_needed(self) -> float | None:
        """Seconds that the whole plan takes at the pace of the jobs so far; None before the first
        has completed."""
        done = [job for job in self.whole() if job.completed]
        if not done or self._testbed is None:
            return None
        seen = pace(done, self.settings, self._testbed.offer.engines)
        return seconds(self.flights.plan, self.settings, self.small, seen)

    @property
    def flights(self) -> Flights:
        """The plan, and what of it was run. Ask for :meth:`testbed` first."""
        if self._flights is None:
            testbed = self.testbed()
            self._flights = Flights(self.plan(testbed.offer))
        return self._flights

    def is_over_budget(self) -> bool:
        """Whether the time of the budget is up."""
        spent = self.recorder.clock() if self.recorder else 0.0
        return spent > self.budget.seconds

    def engine_died(self, why: str) -> None:
        """From here on, what needs pictures is not run."""
        self.miner.engine_dead = why
        self.incomplete = self.incomplete or f"{why}: what needs pictures was not run after that"

    def ran_out_of_time(self, name: str) -> None:
        """A scenario was ended by us, because pytest would have ended its test."""
        self.incomplete = self.incomplete or (
            f"{name} ran out of time: raise `timeout` (pytest.ini, or --timeout), or ask for less"
        )

    def chance(self, name: str) -> random.Random:
        """The one source of chance of a test: the run's seed and the test's name."""
        return random.Random(f"{self.seed} {name}")

    def judge(self, history: History, checks: Sequence[Check[History]], scenario: str) -> Verdict:
        """Judge a scenario, and note in the history which checks did it."""
        checks = applicable(checks, history)
        verdict = judge(history, checks, levels=self.levels, strict=self.strict, scenario=scenario)
        certain = tuple(without_weak(result, history) for result in verdict.results)
        verdict = replace(verdict, results=certain)
        seen = {finding.known for finding in verdict.findings}
        verdict = replace(verdict, baseline=self.baseline & seen)
        self.results += told_once(verdict.results, self.results)
        self.verdicts[scenario] = verdict
        if self.recorder:
            names = tuple(check.name for check in checks)
            now, jobs = self.recorder.clock(), tuple(history.jobs)
            self.recorder.record(Judged(at=now, scenario=scenario, checks=names, jobs=jobs))
        return verdict

    def whole(self) -> History:
        """Everything that happened so far, as one history."""
        return build(self.recorder.events if self.recorder else [])

    def verdict(self) -> Verdict:
        """Of all scenarios together."""
        return Verdict(
            tuple(self.results),
            self.levels,
            self.strict,
            self.incomplete,
            self.baseline,
            unavailable=self.unavailable,
            fault=self.broken,
            priority=PRIORITY,
        )

    @property
    def exit_code(self) -> ExitCode:
        """What the session ends with: what every report of it says."""
        return self.verdict().exit_code

    def close(self, *, tests_failed: bool = False) -> None:
        """End the run and write its reports. Safe to call when nothing was opened.

        What fails here is noted in ``broken``, and the rest is done all the same; the verdict is
        written last, so that it knows of it. A test that failed without a finding is a fault of
        ours.
        """
        self._try(self._end)
        if tests_failed and self.verdict().passed:
            self.broken += "a test failed although nothing was found; its error stands above\n"
        for step in (self._keep_sizes, self._write_baseline, self._write_page, self._write_verdict):
            self._try(step)
        self._stack.close()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            if not self.unavailable:  # a full disk has been told once
                self.unavailable = unwritable(self._folder, error)
        except Exception:  # a fault of ours must not cost what was recorded
            self.broken += traceback.format_exc()

    @property
    def _folder(self) -> Path:
        return self.recorder.folder if self.recorder else self.settings.report_dir

    def _end(self) -> None:
        if self._testbed is not None:
            try:
                self._judge_the_run(self._testbed)
            finally:
                self._testbed.close(self.incomplete or self.unavailable)

    def _judge_the_run(self, testbed: Testbed) -> None:
        """What holds for every job, on every job; and what came after the verdicts."""
        if not self.results:
            return
        if not (self.incomplete or self.unavailable):
            self._look_again(testbed)
        judged = judged_as_a_whole(testbed.recorder.events, self.levels, self.verdict().findings)
        results = [result for result in judged if within(self.only, result.clauses)]
        self.results = list(explained([*self.results, *results], self.whole()))
        names = tuple(dict.fromkeys(result.check for result in results))
        recorder = testbed.recorder
        recorder.record(Judged(at=recorder.clock(), scenario=WHOLE_RUN, checks=names))

    def _keep_sizes(self) -> None:
        """What was learned of other sizes is for the next run against this miner."""
        whole, small = self.whole(), self.small
        of_small = sizes.outcome_of(whole, small) if small != self.settings.image_size else None
        learned = [(small, of_small)] if of_small else []
        known = self.capabilities.learned([*learned, *sizes.outcomes(whole)])
        if known != self.capabilities:
            capabilities.write(self.settings.report_dir, self.settings.miner_url, known)

    def _look_again(self, testbed: Testbed) -> None:
        """Before the last word: pictures that are in doubt, and callbacks that are late."""
        try:
            with self.interruptible():
                if within(self.only, ("IMG-3",)):
                    testbed.compare_what_is_equal()
                    whole = self.whole()
                    doubtful = [*doubtful_jobs(whole), *disagreeing(whole)]
                    testbed.draw_again(list({job.recipe: job for job in doubtful}.values()))
                testbed.wait_for_stragglers()
        except RunLostError as error:
            self.unavailable = str(error)
        except KeyboardInterrupt:
            self.incomplete = "interrupted while pictures were drawn again and callbacks awaited"

    def _write_verdict(self) -> None:
        if self.recorder is not None:
            whole = self.whole()
            run = {
                "run": self.recorder.run,
                "seed": self.seed,
                "target": self.settings.miner_url,
                "began": self.recorder.wall,
                "jobs": len(whole.jobs),
                "timings": timings.as_data(whole),
            }
            text = machine.as_json(self.verdict(), **run)
            (self.recorder.folder / "verdict.json").write_text(text, encoding="utf-8")

    def _write_baseline(self) -> None:
        if self.update_baseline and self.results:
            baseline.write(self.update_baseline, self.verdict().findings)

    def _write_page(self) -> None:
        if self.recorder is None:
            return
        recorder, verdict = self.recorder, self.verdict()
        gallery = damage_gallery(recorder.folder, recorder.events, verdict.findings)
        html = report_page(recorder.events, verdict, self.clauses, gallery, command=self.command)
        (recorder.folder / "report.html").write_text(html, encoding="utf-8")

    def _open(self) -> Testbed:
        settings, url = self.settings, self.settings.miner_url
        if url == REFERENCE:
            url = self._stack.enter_context(reference_miner())
            if "callback_base_url" not in settings.given:
                settings = replace(settings, callback_base_url=ANY_PORT)
        self.recorder = Recorder(settings.report_dir)
        if self.watch:
            self.watch(self.recorder)
        return Testbed.open(settings, url, self.recorder, seed=self.seed, small=self.small)

"""One pytest session is one run: its target, its testbed, its verdicts and its reports."""

import random
import secrets
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.e2e.async_inference.damage_gallery import damage_gallery
from tests.e2e.async_inference.events import Judged
from tests.e2e.async_inference.fold import from_events
from tests.e2e.async_inference.opening import SetupError
from tests.e2e.async_inference.recorder import Recorder
from tests.e2e.async_inference.reference_miner import reference_miner
from tests.e2e.async_inference.report_page import report_page
from tests.e2e.async_inference.run_history import RunHistory
from tests.e2e.async_inference.testbed import Testbed
from tests.e2e.async_inference.whole_run import WHOLE_RUN, judged_as_a_whole
from tests.harness import baseline, contract
from tests.harness.exit_codes import ExitCode
from tests.harness.processes import StartError
from tests.harness.report import machine
from tests.harness.settings import REFERENCE, ROOT, Settings
from tests.harness.verdict import Check, CheckResult, Known, Verdict, judge

CONTRACT = ROOT / "docs" / "protocol.md"
ANY_PORT = "http://127.0.0.1:0"  # two runs against reference miners do not meet
Observe = Callable[[Recorder], None]


def within(only: frozenset[str], clauses: Sequence[str]) -> bool:
    """Whether one of the clauses is of these families (none: of any), or about the run itself."""
    families = {clause.partition("-")[0] for clause in clauses}
    return not only or bool(families & (only | {"RUN"}))


@dataclass
class Session:
    """Opens the testbed when the first test asks for it, and closes everything at the end.

    ``unavailable`` is why nothing could be tested, ``broken`` where this suite itself failed when
    the run was closed.
    """

    settings: Settings
    strict: bool = False
    only: frozenset[str] = frozenset()
    baseline: frozenset[Known] = frozenset()
    update_baseline: Path | None = None
    watch: Observe | None = None
    seed: int = 0
    results: list[CheckResult] = field(default_factory=list)
    unavailable: str = ""
    incomplete: str = ""
    broken: str = ""
    recorder: Recorder | None = None
    _testbed: Testbed | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        chosen = self.settings.run_seed
        self.seed = secrets.randbits(32) if chosen is None else chosen
        self.clauses = contract.load(CONTRACT)
        self.levels = contract.levels(self.clauses)

    def testbed(self) -> Testbed:
        """The run's testbed.

        Raises:
            SetupError: the miner or the callback server is not to be had; asking again says so too.
        """
        if self.unavailable:
            raise SetupError(self.unavailable)
        if self._testbed is None:
            try:
                self._testbed = self._open()
            except (SetupError, StartError, OSError) as error:
                self.unavailable = str(error)
                raise SetupError(self.unavailable) from error
        return self._testbed

    def chance(self, name: str) -> random.Random:
        """The one source of chance of a test: the run's seed and the test's name."""
        return random.Random(f"{self.seed} {name}")

    def judge(
        self, history: RunHistory, checks: Sequence[Check[RunHistory]], scenario: str
    ) -> Verdict:
        """Judge a scenario, and note in the history which checks did it."""
        verdict = judge(history, checks, levels=self.levels, strict=self.strict, scenario=scenario)
        seen = {finding.known for finding in verdict.findings}
        verdict = replace(verdict, baseline=self.baseline & seen)
        self.results += verdict.results
        if self.recorder:
            names = tuple(check.name for check in checks)
            self.recorder.record(Judged(at=self.recorder.clock(), scenario=scenario, checks=names))
        return verdict

    def whole(self) -> RunHistory:
        """Everything that happened so far, as one history."""
        return from_events(self.recorder.recorded if self.recorder else [])

    def verdict(self) -> Verdict:
        """Of all scenarios together."""
        return Verdict(
            tuple(self.results), self.levels, self.strict, self.incomplete, self.baseline
        )

    def exit_code(self, tests_failed: bool) -> ExitCode:
        """What the session ends with. A test that failed without a finding is a fault of ours."""
        if self.unavailable:
            return ExitCode.SETUP_FAILED
        if self.broken:
            return ExitCode.SUITE_FAULT
        code = self.verdict().exit_code
        return ExitCode.SUITE_FAULT if tests_failed and code is ExitCode.PASS else code

    def close(self) -> None:
        """End the run and write ``verdict.json``. Safe to call when nothing was opened.

        What fails here is noted in ``broken``, and the rest is done all the same.
        """
        for step in (self._end, self._write_verdict, self._write_baseline, self._write_page):
            try:
                step()
            except Exception:  # a fault of ours must not cost what was recorded
                self.broken += traceback.format_exc()
        self._stack.close()

    def _end(self) -> None:
        if self._testbed is not None:
            try:
                self._judge_stragglers(self._testbed)
            finally:
                self._testbed.close(self.incomplete)

    def _judge_stragglers(self, testbed: Testbed) -> None:
        """The last judgement, on callbacks that came after the verdict on their scenario."""
        if not self.results:
            return
        if not self.incomplete:
            testbed.wait_for_stragglers()
        judged = judged_as_a_whole(testbed.recorder.recorded, self.levels)
        results = [result for result in judged if within(self.only, result.clauses)]
        self.results += results
        names = tuple(result.check for result in results)
        recorder = testbed.recorder
        recorder.record(Judged(at=recorder.clock(), scenario=WHOLE_RUN, checks=names))

    def _write_verdict(self) -> None:
        if self.recorder is not None:
            run = {"run": self.recorder.run, "seed": self.seed, "target": self.settings.miner_url}
            text = machine.as_json(self.verdict(), **run)
            (self.recorder.folder / "verdict.json").write_text(text, encoding="utf-8")

    def _write_baseline(self) -> None:
        if self.update_baseline and self.results:
            baseline.write(self.update_baseline, self.verdict().findings)

    def _write_page(self) -> None:
        if self.recorder is None:
            return
        recorder, verdict = self.recorder, self.verdict()
        gallery = damage_gallery(recorder.folder, recorder.recorded, verdict.findings)
        html = report_page(recorder.recorded, verdict, self.clauses, gallery)
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
        testbed = Testbed(settings, url, self.recorder, seed=self.seed)
        testbed.__enter__()
        return testbed

"""What a person sees of the tests while they run: one line each, unless pytest is verbose."""

from collections.abc import Generator

import pytest

from asyncproof.history.events import Judged, ScenarioStarted
from asyncproof.run.plan_report import duration
from asyncproof.run.session import NOT_RUN, Session
from asyncproof.text import counted

MARKS = {"passed": "✓", "failed": "✗", "skipped": "-"}
TOLD = " (told below)"
COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def sent_and_judged(sent: int, judged: int) -> str:
    """How many jobs a test sent, and on how many it was judged: tests share jobs."""
    count = judged or sent
    told = counted(count, "job") if count else ""
    if not judged or sent == judged:
        return told
    return f"{told} ({sent} sent now)" if sent else f"{told} of earlier tests"


class SuiteConsole:
    """Replaces pytest's dots by one line a test, and a failed test's traceback by one line.

    What was found is told once, at the end of the run. ``pytest -v`` shows everything as usual.
    """

    def __init__(self, run: Session, config: pytest.Config) -> None:
        self._run = run
        self._quiet = config.get_verbosity() == 0
        self._reporter: pytest.TerminalReporter | None = None
        self._read = 0
        self._told: dict[str, str] = {}
        self._said: set[str] = set()
        self._timed = False

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if self._reporter is not None and self._quiet:
            self._reporter.showfspath = False
            self._reporter._show_progress_info = False  # pytest has no public name for it
            self._reporter.reportchars = "E"  # the rest has a line of its own

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No dot and no letter: the line below says it."""
        if not self._quiet or (report.when != "call" and report.passed):
            return None
        outcome = "error" if report.when != "call" and report.failed else report.outcome
        return outcome, "", ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Where the verdict failed a test, one line says so in place of a traceback."""
        report = yield
        verdict_failed = call.excinfo is not None and call.excinfo.errisinstance(AssertionError)
        why = self._why(item.name)
        if verdict_failed and why and self._quiet:
            report.longrepr = f"{item.name}: {why}"
        if report.when == "call" or not report.passed:
            self._told[item.nodeid] = self._line(item.name, report)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        line = self._told.pop(report.nodeid, None)
        if line is None or not self._quiet or self._reporter is None or self._is_old(line):
            return
        self._reporter.ensure_newline()
        self._reporter.write_line(line, **{COLOURS[report.outcome]: True})
        self._tell_the_time()

    def _line(self, name: str, report: pytest.TestReport) -> str:
        parts = [self._jobs(name), f"{report.duration:.1f} s"]
        if report.skipped and isinstance(report.longrepr, tuple):
            parts = [report.longrepr[2].removeprefix("Skipped: ")]
        elif report.failed:
            parts.append(self._why(name).removesuffix(TOLD) or "failed")
        told = ", ".join(filter(None, parts))
        return f"{MARKS[report.outcome]} {name}: {told}"

    def _jobs(self, name: str) -> str:
        recorder = self._run.recorder
        if recorder is None:
            return ""
        events = recorder.events[self._read :]
        self._read = len(recorder.events)
        sent = sum(e.jobs for e in events if isinstance(e, ScenarioStarted))
        judged = [e for e in events if isinstance(e, Judged) and e.scenario == name]
        return sent_and_judged(sent, len(judged[-1].jobs or ()) if judged else sent)

    def _tell_the_time(self) -> None:
        """How long all of it will take, once, as soon as a job has shown the pace."""
        needed = None if self._timed else self._run.time_needed()
        if needed is not None and self._reporter is not None:
            self._timed = True
            self._reporter.write_line(f"  at this pace the jobs take about {duration(needed)}")

    def _is_old(self, line: str) -> bool:
        """Whether it says once more why nothing is run any more: once will do."""
        _, _, why = line.partition(": ")
        old = why.startswith(NOT_RUN) and why in self._said
        self._said.add(why)
        return old

    def _why(self, name: str) -> str:
        """Why the verdict failed this test; empty where it did not."""
        found = [f.clause for r in self._run.results if r.scenario == name for f in r.findings]
        if found:
            count = counted(len(found), "finding")
            return f"{count} ({', '.join(dict.fromkeys(found))}){TOLD}"
        verdict = self._run.verdicts.get(name)
        if verdict is None or verdict.passed:
            return ""
        clauses = ", ".join(dict.fromkeys(finding.clause for finding in verdict.findings))
        if clauses:
            return f"{clauses}, which an earlier test found in the same jobs"
        return "not judged, since there was nothing of the kind"

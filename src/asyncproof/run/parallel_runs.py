"""With ``pytest -n``, each worker has a run of its own; their session tells of all."""

from typing import Any

import pytest

from asyncproof.coordinator.exit_reason import gravest
from asyncproof.facts.applicable import clauses_in_their_words
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.verdict import Outcome
from asyncproof.reports import terminal
from asyncproof.run.session import Session

KEY = "asyncproof"
OUTCOMES = {ExitCode.PASS: Outcome.PASS, ExitCode.FINDINGS: Outcome.FAIL}


class ParallelRuns:
    """A pytest plugin of the session that started the workers. ``told`` is what each of them said
    at its end: exit code, report and lines; ``tests_failed``, whether pytest saw a test fail."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.tests_failed = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended; one that died said nothing, and xdist fails its test."""
        told = getattr(node, "workeroutput", {}).get(KEY)
        if told:
            self.told.append(told)

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of all. A failed test without a finding is that of a worker that died."""
        code = gravest([ExitCode(told["exit_code"]) for told in self.told])
        return ExitCode.SUITE_FAULT if code is ExitCode.PASS and self.tests_failed else code

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES.get(self.exit_code, Outcome.INCONCLUSIVE)

    def explain(self) -> str:
        """What each worker found, for a person."""
        return "\n".join(line for told in self.told for line in told["lines"])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for told in self.told:
            good = told["exit_code"] == ExitCode.PASS
            terminalreporter.section("async inference, one worker", green=good, red=not good)
            for line in told["lines"]:
                terminalreporter.line(line)
            terminalreporter.line(f"Report: {told['report']}")
        if self.told:
            terminalreporter.line(f"Verdict of all {len(self.told)} workers: {self.outcome}")


def tell_controller(config: pytest.Config, run: Session) -> None:
    """What a worker says at its end; a worker without a run has nothing to say."""
    if run.recorder is not None and hasattr(config, "workeroutput"):
        clauses = clauses_in_their_words(run.clauses, run.dialect.spoken)
        config.workeroutput[KEY] = {
            "exit_code": int(run.exit_code),
            "report": str(run.recorder.folder / "report.html"),
            "lines": list(terminal.lines(run.verdict(), clauses)),
        }

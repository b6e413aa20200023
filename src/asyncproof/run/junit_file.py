"""What a run adds to the JUnit file that pytest writes."""

from typing import Literal

import pytest
from _pytest.junitxml import xml_key  # pytest has no public way to its JUnit file

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.run.parallel_runs import ParallelRuns
from asyncproof.run.session import Session


def tell(session: pytest.Session, run: Session, others: ParallelRuns | None) -> None:
    """The run, its outcome and its counts as properties; a failure of the whole run, where no test
    tells it. ``others`` are the runs of workers, which then count in place of this one."""
    junit = session.config.stash.get(xml_key, None)
    if junit is None:
        return
    verdict = run.verdict()
    outcome, code, about = verdict.outcome, verdict.exit_code, _about(run)
    if others is not None:
        outcome, code, about = others.outcome, others.exit_code, {"workers": len(others.told)}
    fixed = {"outcome": outcome, "exit_code": int(code), "target": run.settings.miner_url}
    for name, value in (fixed | about).items():
        if value != "":
            junit.add_global_property(name, str(value))
    if code is not ExitCode.PASS and not session.testsfailed:
        told = others.explain() if others is not None else verdict.explain()
        junit.pytest_runtest_logreport(_of_the_run("setup", "passed", ""))
        junit.pytest_runtest_logreport(_of_the_run("call", "failed", told))
        junit.pytest_runtest_logreport(_of_the_run("teardown", "passed", ""))


def _about(run: Session) -> dict[str, object]:
    verdict = run.verdict()
    return {
        "seed": run.seed,
        "run": run.recorder.run if run.recorder else "",
        "jobs": len(run.whole().jobs),
        "failures": len(verdict.failures),
        "warnings": len(verdict.warnings),
        "incomplete": verdict.incomplete,
    }


def _of_the_run(
    when: Literal["setup", "call", "teardown"], outcome: Literal["passed", "failed"], told: str
) -> pytest.TestReport:
    where = ("", None, "the whole run")
    return pytest.TestReport("asyncproof.py::the_whole_run", where, {}, outcome, told or None, when)

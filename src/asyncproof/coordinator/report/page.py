"""The results of several suites as one page, in the dress of a run's report."""

import os
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from asyncproof.coordinator.build import BROKEN, LOST, TestOutcome
from asyncproof.coordinator.exit_reason import gravest
from asyncproof.coordinator.result import SuiteResult
from asyncproof.reports.html.page import STATIC, environment

HERE = Path(__file__).parent
WRONG = frozenset({TestOutcome.FAILED, *BROKEN, *LOST})


def to_page(results: Sequence[SuiteResult], folder: Path) -> str:
    """The page; logs are linked relative to ``folder``, where it will lie. It needs no scripts."""
    return (
        environment(HERE)
        .get_template("suites.html.j2")
        .render(
            results=results,
            code=gravest([result.exit_code for result in results]),
            counts=_counts,
            wrong=lambda result: [t for t in result.record.tests if t.outcome in WRONG],
            log=lambda result: _below(result.ended.log.path, folder),
            style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),  # our own file
        )
    )


def _counts(result: SuiteResult) -> str:
    found = ((outcome, result.record.count(outcome)) for outcome in TestOutcome)
    return ", ".join(f"{count} {outcome.value}" for outcome, count in found if count)


def _below(path: str, folder: Path) -> str:
    """The path of a log as a link; empty where there is none on this machine."""
    if not path or not Path(path).exists():
        return ""
    return Path(os.path.relpath(path, folder)).as_posix()

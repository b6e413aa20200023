"""Writes the reports of a run next to its events."""

from collections.abc import Sequence
from pathlib import Path

from asyncproof.coordinator.report.as_json import to_json
from asyncproof.coordinator.report.junit import to_junit
from asyncproof.coordinator.report.page import to_page
from asyncproof.coordinator.result import SuiteResult


def write_junit(folder: Path, result: SuiteResult) -> None:
    """``junit-SUITE.xml``, as soon as the suite ended."""
    (folder / f"junit-{result.suite}.xml").write_bytes(to_junit(result))


def write_reports(folder: Path, results: Sequence[SuiteResult]) -> None:
    """Every suite's JUnit file, and ``results.json`` and ``report.html`` for the run."""
    for result in results:
        write_junit(folder, result)
    (folder / "results.json").write_bytes(to_json(results))
    (folder / "report.html").write_text(to_page(results, folder), encoding="utf-8")

"""Writes the reports of a run beside its events."""

from collections.abc import Sequence
from pathlib import Path

from tests.coordinator.report.as_json import to_json
from tests.coordinator.report.junit import to_junit
from tests.coordinator.result import SuiteResult


def write_junit(folder: Path, result: SuiteResult) -> None:
    """``junit-SUITE.xml``, as soon as the suite ended."""
    (folder / f"junit-{result.suite}.xml").write_bytes(to_junit(result))


def write_reports(folder: Path, results: Sequence[SuiteResult]) -> None:
    """Every suite's JUnit file, and ``results.json`` for the run."""
    for result in results:
        write_junit(folder, result)
    (folder / "results.json").write_bytes(to_json(results))

"""The end of a run: whatever of it fails, what was recorded and judged is kept."""

import json
from pathlib import Path

import pytest

from tests.e2e.async_inference import session as module
from tests.e2e.async_inference.recorder import Recorder
from tests.e2e.async_inference.session import Session
from tests.harness.exit_codes import ExitCode
from tests.harness.settings import Settings


@pytest.mark.parametrize(("broken", "code"), [(True, ExitCode.SUITE_FAULT), (False, 4)])
def test_a_page_that_fails_is_a_fault_of_ours_and_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool, code: int
) -> None:
    def fails(*arguments: object) -> str:
        raise ZeroDivisionError

    if broken:
        monkeypatch.setattr(module, "report_page", fails)
    recorder = Recorder(tmp_path)
    run = Session(Settings(), recorder=recorder)
    run.close()
    recorder.close()
    assert ("ZeroDivisionError" in run.broken) is broken
    assert run.exit_code(tests_failed=False) == code
    assert json.loads((recorder.folder / "verdict.json").read_text())["outcome"] == "INCONCLUSIVE"
    assert (recorder.folder / "report.html").exists() is not broken

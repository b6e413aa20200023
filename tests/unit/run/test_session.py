"""The end of a run: whatever of it fails, what was recorded and judged is kept."""

import json
from pathlib import Path

import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.history.recorder import Recorder
from asyncproof.run import session as module
from asyncproof.run.session import Session
from asyncproof.settings import Settings


@pytest.mark.parametrize(("broken", "code"), [(True, ExitCode.SUITE_FAULT), (False, 4)])
def test_a_page_that_fails_is_a_fault_of_ours_and_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool, code: int
) -> None:
    def fails(*arguments: object, **more: object) -> str:
        raise ZeroDivisionError

    if broken:
        monkeypatch.setattr(module, "report_page", fails)
    recorder = Recorder(tmp_path)
    run = Session(Settings(), recorder=recorder)
    run.close()
    recorder.close()
    assert ("ZeroDivisionError" in run.broken) is broken
    assert run.exit_code == code
    assert json.loads((recorder.folder / "verdict.json").read_text())["outcome"] == "INCONCLUSIVE"
    assert (recorder.folder / "report.html").exists() is not broken

"""A history is judged again, and told again, without any worker."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.record import arrange
from tests.harness.exit_codes import ExitCode
from tests.harness.history import HistoryWriter
from tests.unit.worker_isolation.test_checks import beat, history

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The history of a run that was cut off in which two heartbeats were too far apart."""
    path = tmp_path / "history.ndjson"
    record = history()
    start = ev.RunStarted(
        at=0.0, run="r", wall=0.0, profile="", schema="document", limits=record.limits,
        settings={"backend": "cpu", "model": "none", "device": "0"},
    )  # fmt: skip
    with HistoryWriter(path) as writer:
        for event in (start, *record.workers[0].events, beat(10.0), beat(25.0), beat(35.0)):
            writer.append(event)
    return path


def test_what_was_recorded_is_what_is_judged(kept: Path) -> None:
    """Events survive the file: nothing is lost on the way to the checks."""
    again = arrange(ev.reader.read(kept))
    assert [b.at for b in again.workers[0].beats] == [10.0, 25.0, 35.0]
    assert again.incomplete == "the history was cut off"


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_told_in_colour_on_a_terminal_only(kept: Path, terminal: bool) -> None:
    command = [sys.executable, "-m", "tests.e2e.worker_isolation", "--recheck", str(kept)]
    ours, theirs = pty.openpty() if terminal else os.pipe()
    environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, env={**environ, "TERM": "xterm"})
    os.close(theirs)
    text = read(ours)
    assert process.wait(60) == ExitCode.FINDINGS
    assert "HBT-2 heartbeats keep their interval: FAIL" in text
    assert ("\x1b[" in text) == terminal


def read(descriptor: int) -> str:
    """Everything up to the end; a terminal ends with an error."""
    parts = list[bytes]()
    with open(descriptor, "rb", buffering=0) as file:
        try:
            while part := file.read(65536):
                parts.append(part)
        except OSError:
            pass
    return b"".join(parts).decode()

"""A history is judged again, and told again, without any worker."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryWriter
from asyncproof.worker import events as ev
from asyncproof.worker.record import build
from tests import ROOT
from tests.unit.worker.test_checks import beat, history


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The history of a run that was cut off in which two heartbeats were too far apart."""
    path = tmp_path / "history.ndjson"
    record = history()
    start = ev.WorkerRunStarted(
        at=0.0, run="r", wall=0.0, profile="", schema="document", limits=record.limits,
        settings={"backend": "cpu", "model": "none", "device": "0"},
    )  # fmt: skip
    with HistoryWriter(path) as writer:
        for event in (start, *record.workers[0].events, beat(10.0), beat(25.0), beat(35.0)):
            writer.append(event)
    return path


def test_what_was_recorded_is_what_is_judged(kept: Path) -> None:
    """Events survive the file: nothing is lost on the way to the checks."""
    again = build(ev.reader.read(kept))
    assert [b.at for b in again.workers[0].beats] == [10.0, 25.0, 35.0]
    assert again.incomplete == "the history was cut off"


def test_a_torn_line_is_left_out_and_told(kept: Path) -> None:
    """The rest is judged; it cannot pass, whatever it shows."""
    lines = kept.read_bytes().splitlines(keepends=True)
    late = next(n for n, line in enumerate(lines) if b'"at":25.0' in line)
    lines[late] = lines[late][:30] + b"\n"
    kept.write_bytes(b"".join(lines))

    command = [sys.executable, "-m", "tests.e2e.worker_isolation", "--recheck", str(kept), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    told = json.loads(done.stdout)
    assert f"history.ndjson:{late + 1}" in told["incomplete"]
    assert told["outcome"] == "INCONCLUSIVE"
    assert "not counted, because missing lines could explain it: HBT-1" in told["incomplete"]


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

"""The two containers of a pod as two processes that share a folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asyncproof.coordinator.kubernetes.judge import PodEnd
from asyncproof.coordinator.kubernetes.streams import EventLine, FilePart, Frames
from asyncproof.coordinator.pod.sidecar import MOST
from tests import ROOT

TIMEOUT = 60.0


def module(name: str, *args: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"asyncproof.coordinator.pod.{name}", *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def entry(
    folder: Path, program: str, *, deadline: float = 60, hold: float = 30
) -> "subprocess.Popen[bytes]":
    own = ["--folder", str(folder), "--deadline", str(deadline), "--hold", str(hold)]
    return module("entry", *own, "--", sys.executable, "-c", program)


def keep(folder: Path) -> tuple[list[bytes], dict[str, bytes], PodEnd | None]:
    """Run the sidecar to its end; its events, its files and the end that it reports."""
    with module("sidecar", "--folder", str(folder)) as process:
        out, _ = process.communicate(timeout=TIMEOUT)
    frames, events, files = Frames(), list[bytes](), dict[str, bytes]()
    for line in out.splitlines():
        match frames.feed(line):
            case EventLine(text):
                events.append(text)
            case FilePart(path, data):
                files[path] = files.get(path, b"") + data
    assert frames.problem() == ""
    return events, files, frames.end


WRITES = """
import os, pathlib, sys
folder = pathlib.Path({folder!r})
(folder / "reports" / "sub").mkdir(parents=True)
(folder / "reports" / "sub" / "big.bin").write_bytes(bytes(range(256)) * 1000)
(folder / "events.ndjson").write_text("one\\ntwo\\ntorn")
print("hello")
sys.exit(3)
"""


def test_events_reports_and_the_end_are_handed_out(tmp_path: Path) -> None:
    """Whole lines only, files byte for byte, exit code and the size of the log."""
    with entry(tmp_path, WRITES.format(folder=str(tmp_path))) as process:
        out, _ = process.communicate(timeout=TIMEOUT)

    events, files, end = keep(tmp_path)

    assert (out, process.returncode) == (b"hello\n", 3)
    assert events == [b"one", b"two"]
    assert files == {"sub/big.bin": bytes(range(256)) * 1000}
    assert end == PodEnd(exit_code=3, log_bytes=6)


def test_report_files_that_are_too_much_are_named(tmp_path: Path) -> None:
    """A file comes whole or not at all; what stays behind is listed, and others still come."""
    reports = tmp_path / "reports"
    reports.mkdir()
    (tmp_path / "started").touch()
    (tmp_path / "lock").touch()
    with (reports / "huge.bin").open("wb") as file:
        file.truncate(MOST + 1)
    (reports / "with space").write_text("x")
    (reports / "small").write_text("small")
    (reports / "empty").touch()

    _, files, _ = keep(tmp_path)

    listed = files.pop("left-in-the-pod.txt").decode()
    assert files == {"small": b"small", "empty": b""}
    assert listed.splitlines() == [f"'huge.bin', {MOST + 1} bytes", "'with space', 1 bytes"]


@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("import os; os.kill(os.getpid(), 9)", PodEnd(signal=9)),
        ("import time; time.sleep(600)", PodEnd(signal=6, deadline=True)),
        (
            "import os, sys, time\nif os.fork() == 0: time.sleep(600)\nos._exit(0)",
            PodEnd(exit_code=0, held_open=True),
        ),
    ],
    ids=["killed", "too late", "output held open"],
)
def test_the_entry_notes_how_the_suite_ended(tmp_path: Path, program: str, end: PodEnd) -> None:
    """Also past its deadline, and when a grandchild holds the output open."""
    with entry(tmp_path, program, deadline=3, hold=0.5) as process:
        process.communicate(timeout=TIMEOUT)

    assert PodEnd(**json.loads((tmp_path / "ended.json").read_text())) == end


def test_the_suite_finds_the_plugins(tmp_path: Path) -> None:
    with entry(tmp_path, "import coordinator_events; print('found')") as process:
        out, _ = process.communicate(timeout=TIMEOUT)

    assert out == b"found\n"


def test_the_keeper_ends_when_the_entry_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves no word, but the kernel lets go of the lock."""
    program = "import os; print(os.getpid(), flush=True); import time; time.sleep(600)"
    with entry(tmp_path, program) as process:
        assert process.stdout
        suite = int(process.stdout.readline())
        with module("sidecar", "--folder", str(tmp_path)) as keeper:
            process.kill()
            out, _ = keeper.communicate(timeout=TIMEOUT)
        os.kill(suite, signal.SIGKILL)
    assert out == b"Z 0 null\n"


def test_a_pod_that_is_told_to_go_still_tells_its_end(tmp_path: Path) -> None:
    """SIGTERM to both containers, as at an eviction: the suite ends, and both say so."""
    program = "print('up', flush=True); import time; time.sleep(600)"
    with entry(tmp_path, program) as process:
        assert process.stdout
        process.stdout.readline()
        with module("sidecar", "--folder", str(tmp_path)) as keeper:
            process.terminate()
            out, _ = keeper.communicate(timeout=TIMEOUT)
        assert process.wait(TIMEOUT) == 128 + signal.SIGTERM
    assert json.loads(out.split(b" ", 2)[2])["terminated"]

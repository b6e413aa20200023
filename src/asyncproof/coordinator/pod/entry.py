"""``python -m asyncproof.coordinator.pod.entry``: run a suite in its container, record how it
ended.

Holds a lock on ``FOLDER/lock`` for as long as it lives, which tells the sidecar in the other
container when it ends, also after SIGKILL. Leaves ``FOLDER/ended.json``. Its own exit code is that
of the suite, 128 + N after signal N.
"""

import argparse
import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

PLUGINS = Path(__file__).parents[1] / "plugin"
GRACE = 5.0  # seconds between asking the suite to end and killing it
OOM_COUNTERS = (
    Path("/sys/fs/cgroup/memory.events"),
    Path("/sys/fs/cgroup/memory/memory.oom_control"),
)


class PodSuite:
    """The suite's process. Its output is passed on as it comes and counted."""

    def __init__(self, command: list[str], deadline: float, hold: float) -> None:
        self.terminated = self.deadline_passed = self.held_open = False
        self.log_bytes = 0
        self._hold = hold
        self._readable, writable = os.pipe()
        self._process = subprocess.Popen(
            command,
            env=with_plugins(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=writable,
            stderr=writable,
            process_group=0,
        )
        os.close(writable)
        self._abort_at = time.monotonic() + deadline
        self._kill_at = float("inf")
        signal.signal(signal.SIGTERM, lambda *_: self._terminate())

    def _terminate(self) -> None:
        self.terminated = True
        self._signal(signal.SIGTERM)
        self._kill_at = time.monotonic() + GRACE

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def run(self) -> int:
        """Wait until the suite and its output have ended, or the output stays open too long; the
        exit code."""
        ended_at: float | None = None
        while True:
            readable, _, _ = select.select([self._readable], [], [], 0.1)
            if readable and not self._pass_on():
                break
            now = time.monotonic()
            if ended_at is None and self._process.poll() is not None:
                ended_at = now
            if ended_at is None:
                self._look_at_the_clock(now)
            elif now - ended_at > self._hold:
                self.held_open = True
                break
        code = self._process.wait()
        self._signal(signal.SIGKILL)
        return code

    def _pass_on(self) -> bool:
        data = os.read(self._readable, 65536)
        self.log_bytes += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]
        return bool(data)

    def _look_at_the_clock(self, now: float) -> None:
        if now > self._abort_at:  # pytest's faulthandler then writes the stack of every thread
            self.deadline_passed = True
            self._signal(signal.SIGABRT)
            self._abort_at, self._kill_at = float("inf"), now + GRACE
        if now > self._kill_at:
            self._signal(signal.SIGKILL)


def with_plugins(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with our pytest plugins on PYTHONPATH, wherever the image has them."""
    known = [str(PLUGINS), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(known)}


def oom_kills() -> int:
    """How many processes the kernel killed in this container for lack of memory; 0 if unknown."""
    for counter in OOM_COUNTERS:
        with contextlib.suppress(OSError):
            lines = counter.read_text(encoding="ascii").splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m asyncproof.coordinator.pod.entry")
    parser.add_argument("--folder", type=Path, required=True, help="shared with the sidecar")
    parser.add_argument("--deadline", type=float, required=True, help="seconds")
    parser.add_argument("--hold", type=float, default=30.0, help="seconds to wait for open output")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with (given.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), False)
        (given.folder / "started").touch()
        before = oom_kills()
        suite = PodSuite(given.command, given.deadline, given.hold)
        code = suite.run()
        told = {
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "deadline": suite.deadline_passed,
            "terminated": suite.terminated,
            "held_open": suite.held_open,
            "log_bytes": suite.log_bytes,
            "oom_kills": oom_kills() - before,
        }
        draft = given.folder / "ended.json.part"
        draft.write_text(json.dumps(told))
        draft.replace(given.folder / "ended.json")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())

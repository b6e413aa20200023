"""``python -m asyncproof.coordinator.pod.sidecar``: send a suite's events, then its reports.

Runs in a container next to the suite's and prints numbered frames, one per line, so that the reader
can distinguish a gap from the end and drop repeated frames::

    E <n> <line of the event file>
    F <n> <path below reports/> <part of the file, base64>
    Z <n> <ended.json of the entry, or null where it left none>

The lock of the entry shows when the suite is gone. After SIGTERM (the pod must end) it prints what
there is.
"""

import argparse
import base64
import fcntl
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

OMITTED = "left-in-the-pod.txt"
LOOK_EVERY = 0.1  # seconds
PART = 48 * 1024  # bytes of a file in one frame
MOST = 20 * 2**20  # bytes of report files that are sent
LAST_WORDS = 8.0  # seconds after SIGTERM for the suite to end first


class Sidecar:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frames = 0
        self._offset = 0
        self._rest = b""
        self._give_up_at = float("inf")
        signal.signal(signal.SIGTERM, lambda *_: self._terminate())

    def _terminate(self) -> None:
        self._give_up_at = min(self._give_up_at, time.monotonic() + LAST_WORDS)

    def run(self) -> None:
        while not self._suite_is_gone() and time.monotonic() < self._give_up_at:
            self._events()
            time.sleep(LOOK_EVERY)
        self._events()
        for path, part in self._files():
            self._say("F", f"{path} {base64.b64encode(part).decode('ascii')}".encode())
        ended = self._folder / "ended.json"
        self._say("Z", ended.read_bytes() if ended.exists() else b"null")

    def _suite_is_gone(self) -> bool:
        if not (self._folder / "started").exists():
            return False
        with (self._folder / "lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def _events(self) -> None:
        path = self._folder / "events.ndjson"
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._offset)
            while data := file.read(1 << 20):
                self._offset += len(data)
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._say("E", line)

    def _files(self) -> Iterator[tuple[str, bytes]]:
        """Whole files, and a list of those left out because of their size or name."""
        left, omitted = MOST, []
        reports = self._folder / "reports"
        for path in sorted(reports.rglob("*")):
            name = str(path.relative_to(reports))
            if not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes() if path.stat().st_size <= left else b""
            if len(data) < path.stat().st_size or any(character.isspace() for character in name):
                omitted.append(f"{name!r}, {path.stat().st_size} bytes")
                continue
            left -= len(data)
            for start in range(0, max(1, len(data)), PART):
                yield name, data[start : start + PART]
        if omitted:
            yield OMITTED, "\n".join(omitted).encode()

    def _say(self, kind: str, rest: bytes) -> None:
        sys.stdout.buffer.write(b"%s %d %s\n" % (kind.encode(), self._frames, rest))
        sys.stdout.buffer.flush()
        self._frames += 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m asyncproof.coordinator.pod.sidecar")
    parser.add_argument("--folder", type=Path, required=True, help="shared with the entry")
    Sidecar(parser.parse_args().folder).run()


if __name__ == "__main__":
    main()

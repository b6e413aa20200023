"""The output of a process: the last lines in memory, all of it in a file if wanted."""

import contextlib
import threading
from collections import deque
from pathlib import Path

LONGEST_LINE = 4096  # bytes kept of one line


class Output:
    """The last lines of an output, bounded in number and length; all of it in a file if wanted."""

    def __init__(self, keep_lines: int, log: Path | None) -> None:
        self._lines: deque[str] = deque(maxlen=keep_lines)
        self._rest = b""
        self._lock = threading.Lock()
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("wb", buffering=0) if log is not None else None

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False if there were none."""
        if self._log is not None:
            with contextlib.suppress(OSError):  # a full disk must not block the process
                self._log.write(data)
        with self._lock:
            *lines, rest = (self._rest + data).split(b"\n")
            self._lines.extend(_text(line) for line in lines)
            self._rest = rest[:LONGEST_LINE]
        return bool(data)

    def tail(self, lines: int) -> list[str]:
        with self._lock:
            whole = [*self._lines, *([_text(self._rest)] if self._rest else [])]
        return whole[-lines:] if lines > 0 else []

    def close(self) -> None:
        if self._log is not None:
            self._log.close()


def _text(line: bytes) -> str:
    return line[:LONGEST_LINE].decode(errors="replace").rstrip("\r")

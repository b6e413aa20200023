"""Pytest plugin: record what a suite uses of its environment, in the file ``COORDINATOR_TOUCHED``.

It records ports that the suite binds, servers that it connects to and files that it writes outside
its own folders, each with its test, one JSON line each. It sees what Python does in the processes
of pytest (also the workers of xdist), not what other programs do that a test starts.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

VARIABLE = "COORDINATOR_TOUCHED"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NOT_SHARED = ("/proc/", "/dev/", "/sys/")


class Touched:
    """An audit hook (PEP 578). It cannot be removed, and must not raise."""

    def __init__(self, path: str, own: list[str]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._own = (*NOT_SHARED, *(str(Path(folder).resolve()) for folder in own))
        self._seen: set[tuple[str, str, str]] = set()

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            self._opened(arguments[0], arguments[2])
        elif event in {"socket.bind", "socket.connect"}:
            self._reached("port" if event == "socket.bind" else "server", arguments[1])

    def _opened(self, path: object, flags: object) -> None:
        if not isinstance(path, str | bytes) or not isinstance(flags, int) or not flags & WRITES:
            return
        whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (cheap, and resolves no link)
        if not whole.startswith(self._own) and "__pycache__" not in whole:
            self._note("path", whole)

    def _reached(self, kind: str, address: object) -> None:
        if isinstance(address, str | bytes):
            self._note("path", os.fsdecode(address))
        elif isinstance(address, tuple) and len(address) >= 2 and address[1]:
            host = "127.0.0.1" if address[0] in {"localhost", "::1"} else address[0]
            self._note(kind, str(address[1]) if kind == "port" else f"{host}:{address[1]}")

    def _note(self, kind: str, what: str) -> None:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        if (kind, what, test) in self._seen:
            return
        self._seen.add((kind, what, test))
        line = json.dumps({"kind": kind, "what": what, "test": test}) + "\n"
        os.write(self._file, line.encode())


def pytest_configure() -> None:
    path = os.environ.get(VARIABLE)
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        folder = os.environ.get("COORDINATOR_FOLDER", str(Path(path).parent))
        own = [tempfile.gettempdir(), folder]
        sys.addaudithook(Touched(path, own))

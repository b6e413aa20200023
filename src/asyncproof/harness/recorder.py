"""Sends the events of a run to the file, to memory for the verdict, and to observers."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from asyncproof.harness.history_file import Happened, HistoryWriter

MIB = 2**20
E = TypeVar("E", bound=Happened)


class RunRecorder(Generic[E]):
    """The one clock and the one list of a run. ``observers`` are called with each event.

    ``failure`` says why events can no longer be written, once they cannot: the file ends there, and
    the rest is kept in memory only. Without ``keep`` nothing is kept in memory: whoever needs more
    than the file observes. ``position`` is where in the file the last event begins.

    Raises:
        OSError: the file cannot be created.
    """

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        self._keep, self.position = keep, 0
        self.wall = time.time()
        self._began = time.monotonic()
        self.events: list[E] = []
        self.observers: list[Callable[[E], None]] = []
        self.failure = ""
        self._writer = HistoryWriter(path)

    @property
    def path(self) -> Path:
        return self._writer.path

    def clock(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._began

    def record(self, event: E) -> None:
        if not self.failure:
            try:
                self.position = self._writer.append(event)
            except OSError as error:
                self.failure = unwritable(self.path, error)
        if self._keep:
            self.events.append(event)
        for observer in self.observers:
            observer(event)

    def close(self) -> None:
        self._writer.close()


def unwritable(path: Path, error: OSError) -> str:
    """What could not be written and what is free there, for a person."""
    try:
        free = f"{shutil.disk_usage(path.parent).free / MIB:.1f} MiB free"
    except OSError:
        free = "free space unknown"
    return f"cannot write {path}: {error.strerror or error} ({free}); what was recorded is kept"

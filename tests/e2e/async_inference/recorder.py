"""Events of a run: to the file as they happen, to memory for the verdict, to who watches."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.async_inference.events import AsyncEvent
from tests.harness.history import Event, HistoryWriter

Observer = Callable[[Event], None]


class Recorder:
    """The history of one run in a folder of its own below ``reports``.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, reports: Path) -> None:
        self.run, self.folder = _own_folder(reports)
        self.wall = time.time()
        self._began = time.monotonic()
        self.events: list[Event] = []
        self.observers: list[Observer] = []
        self._writer = HistoryWriter(self.folder / "history.ndjson")

    @property
    def path(self) -> Path:
        return self._writer.path

    @property
    def recorded(self) -> list[AsyncEvent]:
        """Every event so far, in order. Everything that is recorded here is one of this suite's."""
        return self.events  # type: ignore[return-value]

    def clock(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._began

    def record(self, event: Event) -> None:
        self._writer.append(event)
        self.events.append(event)
        for observer in self.observers:
            observer(event)

    def close(self) -> None:
        self._writer.close()


def _own_folder(reports: Path) -> tuple[str, Path]:
    """A folder that no other run has, also when two start in the same second."""
    while True:
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        try:
            (reports / run).mkdir(parents=True)
        except FileExistsError:
            continue
        return run, reports / run

"""The history of one run of the suite, in a folder of its own."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from asyncproof.harness.recorder import RunRecorder
from asyncproof.history.events import AsyncEvent


class Recorder(RunRecorder[AsyncEvent]):
    """Records into a new folder below ``reports``, which no other run has.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, reports: Path, *, keep: bool = True) -> None:
        self.run, self.folder = own_folder(reports)
        super().__init__(self.folder / "history.ndjson", keep=keep)


def own_folder(reports: Path) -> tuple[str, Path]:
    """A folder that no other run has, also when two start in the same second."""
    while True:
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        try:
            (reports / run).mkdir(parents=True)
        except FileExistsError:
            continue
        return run, reports / run

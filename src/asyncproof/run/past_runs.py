"""Reads runs of the past from their folders."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asyncproof.harness.history_file import HistoryError
from asyncproof.history.build import build
from asyncproof.history.events import reader
from asyncproof.history.history import History
from asyncproof.reports.past_run import PastRun, past_run
from asyncproof.run.recheck import of_known_jobs

VERDICT, HISTORY = "verdict.json", "history.ndjson"


class PastRunError(ValueError):
    """What is no run, or cannot be read; the message names it and says what is."""


def read(path: Path, *, with_history: bool = True) -> PastRun:
    """The run in this folder, or of this ``verdict.json``. Without a readable history beside it,
    there is nothing to say of its pictures. A verdict of an older version, which has no times, is
    always read with its history.

    Raises:
        PastRunError: there is no readable verdict.
    """
    file = path / VERDICT if path.is_dir() else path
    try:
        verdict = _json(file)
        wanted = with_history or "timings" not in verdict
        history = _history(file.with_name(HISTORY)) if wanted else None
        return past_run(file.resolve().parent.name, verdict, history)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not a verdict of this suite"
        raise PastRunError(f"cannot read {file}: {told}") from error


def read_all(reports: Path) -> Iterator[PastRun]:
    """Every run below this folder that has a verdict which can be read."""
    for file in sorted(reports.glob(f"*/{VERDICT}")):
        try:
            yield read(file, with_history=False)
        except PastRunError:
            continue  # of another program, or cut off while it was written


def _json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _history(file: Path) -> History | None:
    try:
        salvaged = reader.salvage(file)
    except HistoryError:
        return None
    return build(of_known_jobs(salvaged.events) if salvaged.torn else salvaged.events)

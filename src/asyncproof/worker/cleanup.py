"""What a run left behind, found by looking: nothing is assumed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from asyncproof.worker import events as ev
from asyncproof.worker.ports import listening
from asyncproof.worker.record import WorkerHistory

MARGIN = 1.0  # seconds by which the clocks of the system and of a run may differ


def left_behind(record: WorkerHistory) -> list[str]:
    """Processes, ports and folders of this run that are still there. Call it right after the
    run."""
    return [what for worker in record.workers for what in _left(worker.events, record.run.wall)]


def _left(events: Sequence[ev.WorkerEvent], wall: float) -> Iterator[str]:
    for event in events:
        if isinstance(event, ev.WorkerStarted):
            if _lives(event.pid, wall + event.at + MARGIN):
                yield f"process {event.pid}"
            if event.scratch and Path(event.scratch).exists():
                yield f"the temporary folder {event.scratch}"
        if isinstance(event, ev.WorkerStarted | ev.HiveStarted) and _taken(event.url):
            yield f"the port of {event.url}"


def _lives(pid: int, born_before: float) -> bool:
    """Whether this process exists, and not a later one with the same pid."""
    try:
        process = psutil.Process(pid)
        return process.create_time() < born_before and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _taken(url: str) -> bool:
    try:
        listening(urlsplit(url).port or 0).close()
    except OSError:
        return True
    return False

"""The history file: what was written is read back, and a torn end costs one event only."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.async_inference.events import GaveUp, RunEnded, reader
from tests.harness.history import HistoryError, HistoryWriter


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    events = [
        GaveUp(at=1.5, job="job_1", waiting_for="callback", last_state="queued", waited=3.0),
        RunEnded(at=2.0),
    ]
    with HistoryWriter(tmp_path / "deep" / "history.ndjson") as writer:
        for event in events:
            writer.append(event)
    assert list(reader.read(writer.path)) == events


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    with HistoryWriter(path) as writer:
        writer.append(RunEnded(at=2.0))
    path.write_bytes(path.read_bytes() + b'{"type":"Run')
    assert list(reader.read(path)) == [RunEnded(at=2.0)]


def test_a_foreign_line_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_bytes(b'{"type":"RunEnded","at":1}\n{"no":"event"}\n')
    with pytest.raises(HistoryError, match=r"history\.ndjson:2 is not an event"):
        list(reader.read(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"cannot read the history .*nowhere"):
        list(reader.read(tmp_path / "nowhere"))


def test_lines_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path / "history.ndjson")

    def append_many() -> None:
        for n in range(200):
            writer.append(RunEnded(at=float(n), incomplete="x" * 500))

    with writer:
        in_parallel(append_many)
    assert len(list(reader.read(writer.path))) == 800


def in_parallel(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

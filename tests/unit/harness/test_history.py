"""The history file: what was written is read back, and a torn end costs one event only."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.harness.history_file import HistoryError, HistoryWriter, Salvaged
from asyncproof.history.events import GaveUp, RunEnded, reader


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


EVENTS = [RunEnded(at=float(n), incomplete=f"é{n}") for n in range(4)]


def written(path: Path) -> bytes:
    with HistoryWriter(path) as writer:
        for event in EVENTS:
            writer.append(event)
    return path.read_bytes()


def test_a_whole_history_has_nothing_to_tell(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    written(path)
    assert reader.salvage(path) == Salvaged(path, tuple(EVENTS), 4)
    assert reader.salvage(path).problem == ""


def test_what_stands_around_a_torn_line_is_read(tmp_path: Path) -> None:
    """A full disk cuts one line short; the lines after it are whole."""
    path = tmp_path / "history.ndjson"
    lines = written(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:20] + b"\n" + lines[2] + lines[3])

    history = reader.salvage(path)

    assert history.events == (EVENTS[0], EVENTS[2], EVENTS[3])
    assert history.torn == (2,)
    assert "1 of 4 lines could not be read" in history.problem
    assert "history.ndjson:2" in history.problem


def test_an_event_that_follows_a_cut_on_the_same_line_is_read(tmp_path: Path) -> None:
    """A short write leaves no newline; after a power cut there may be zero bytes in its place."""
    path = tmp_path / "history.ndjson"
    lines = written(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:20] + b"\0" * 9 + lines[2] + lines[3])

    history = reader.salvage(path)

    assert history.events == (EVENTS[0], EVENTS[2], EVENTS[3])
    assert (history.torn, history.lines) == ((2,), 3)


@given(st.data())
def test_damage_costs_the_lines_it_is_in_and_no_other(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.ndjson"
        lines = written(path).splitlines(keepends=True)
        hit = data.draw(st.integers(0, len(lines) - 1))
        begin = data.draw(st.integers(0, len(lines[hit]) - 2))
        noise = data.draw(st.binary(max_size=8)).replace(b"\n", b"")
        lines[hit] = lines[hit][:begin] + noise + b"\xff\n"
        path.write_bytes(b"".join(lines))

        history = reader.salvage(path)

    assert history.events == tuple(event for n, event in enumerate(EVENTS) if n != hit)
    assert history.torn == (hit + 1,)


def test_a_torn_last_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_bytes(written(path)[:-9])
    assert reader.salvage(path).events == tuple(EVENTS[:3])
    assert "history.ndjson:4" in reader.salvage(path).problem


def test_a_file_without_any_event_is_no_history(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"a diary\nof other things\n")
    with pytest.raises(HistoryError, match=r"history\.ndjson:1 is not an event"):
        reader.salvage(path)


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

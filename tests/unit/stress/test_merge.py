"""The histories of several machines become one, in one order of time."""

from pathlib import Path

import msgspec
import pytest

from asyncproof.harness.history_file import HistoryError, HistoryWriter
from asyncproof.history.events import (
    AsyncEvent,
    Delivered,
    RunEnded,
    RunStarted,
    Settled,
    Submitted,
    reader,
)
from asyncproof.stress.merge import merged, parts_of
from tests.support.histories import good_job, without


def a_part(folder: Path, wall: float, *jobs: list[AsyncEvent], ended: bool = True) -> Path:
    """A history that began at this Unix time."""
    started = RunStarted(at=0.0, run="r", seed=7, wall=wall, target="http://m", settings={})
    events = sorted((e for job in jobs for e in job), key=lambda e: e.at)
    last = events[-1].at
    end = [RunEnded(at=last)] if ended else []
    with HistoryWriter(folder / "history.ndjson") as history:
        for event in [started, *events, *end]:
            history.append(event)
    return folder / "history.ndjson"


def settled(name: str, at: float = 0.0) -> list[AsyncEvent]:
    return [*good_job(name, at), Settled(at=at + 2.0, job=name)]


def test_each_part_comes_to_the_clock_of_the_first(tmp_path: Path) -> None:
    a_part(tmp_path / "parts" / "1", 1_000.0, settled("job_1"), settled("job_3", at=9.0))
    a_part(tmp_path / "parts" / "2", 1_005.0, settled("job_2"))
    result = merged(parts_of(tmp_path / "parts"), tmp_path / "whole")
    assert result.folder is not None
    events = list(reader.read(result.folder / "history.ndjson"))
    times = [event.at for event in events if not isinstance(event, RunStarted)]
    assert times == sorted(times)
    sent = {event.job: event.at for event in events if isinstance(event, Submitted)}
    assert sent == {"job_1": 0.0, "job_2": 5.0, "job_3": 9.0}
    (second,) = [e for e in events if isinstance(e, Delivered) and e.token == "token-job_2"]
    assert (second.began, second.at) == pytest.approx((6.4, 6.5))
    assert result.verdict.passed, result.verdict.explain()
    assert "overlap reached 1" in result.proof


def test_jobs_of_two_machines_are_held_against_each_other(tmp_path: Path) -> None:
    """Two machines got the same id for a job each: neither could see that alone."""
    one = a_part(tmp_path / "1", 1_000.0, settled("job_1"))
    other = settled("job_2")
    both = [_with_id(event, "id-job_1") for event in other]
    two = a_part(tmp_path / "2", 1_000.0, both)
    assert merged([one], tmp_path / "a").verdict.passed
    assert merged([two], tmp_path / "b").verdict.passed
    found = {f.clause for f in merged([one, two], tmp_path / "c").verdict.failures}
    assert "SUB-3" in found


def _with_id(event: AsyncEvent, job_id: str) -> AsyncEvent:
    written = msgspec.json.encode(event).replace(b'"id-job_2"', f'"{job_id}"'.encode())
    changed: AsyncEvent = msgspec.json.decode(written, type=AsyncEvent)
    return changed


def test_a_part_without_its_end_is_told_and_its_findings_stay(tmp_path: Path) -> None:
    lost = without(settled("job_1"), Delivered)
    cut = a_part(tmp_path / "1", 1_000.0, lost, settled("job_3", at=1.0)[:3], ended=False)
    whole = a_part(tmp_path / "2", 1_000.0, settled("job_2"))
    silent = tmp_path / "3" / "history.ndjson"
    silent.parent.mkdir()
    silent.touch()
    verdict = merged([cut, whole, silent], tmp_path / "whole").verdict
    assert "part 1 died" in verdict.incomplete
    assert "of the 2 jobs that it had sent, 1 were in flight" in verdict.incomplete
    assert "part 3 told nothing" in verdict.incomplete
    assert "CBK-10" in {finding.clause for finding in verdict.failures}
    assert "job_3" not in {finding.job for finding in verdict.findings}


def test_a_folder_without_parts_is_none(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="no part of a run"):
        parts_of(tmp_path)

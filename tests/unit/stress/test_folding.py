"""Jobs that are judged as they end give the findings that the whole history gives afterwards."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncproof.harness.history_file import HistoryWriter
from asyncproof.harness.verdict import CheckResult
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Polled,
    ScenarioEnded,
    ScenarioStarted,
    Settled,
    Submitted,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.run.late_checks import judged_as_a_whole
from asyncproof.stress.folding import Folding
from asyncproof.stress.ledger import Ledger
from tests.support.histories import good_job, spoiled, without

JobEvents = list[AsyncEvent]
BEGUN = ScenarioStarted(at=0.0, name="stress", nemesis="quiet", jobs=0, shape="", provokes=())


def again(events: JobEvents, after: float, **changes: Any) -> JobEvents:
    """One more callback, so many seconds after the first."""
    first = next(e for e in events if isinstance(e, Delivered))
    more = msgspec.structs.replace(first, at=first.at + after, began=first.at + after, **changes)
    return [*events, more]


def unheard(events: JobEvents) -> JobEvents:
    """The job stands in the queue, and is given up."""
    name = events[0].job  # type: ignore[union-attr]
    found = Diagnosis(
        life=JobHealth.STARVING,
        stage=Stage.QUEUED,
        progress=None,
        silent=0.0,
        still=400.0,
        total=0.0,
        pace=None,
    )
    gave_up = GaveUp(
        at=events[-1].at,
        job=name,
        waiting_for="a terminal state",
        last_state="queued",
        waited=400.0,
        diagnosis=found,
    )
    return [*events[:3], gave_up]


def stuck(events: JobEvents) -> JobEvents:
    given = unheard(events)
    (gave_up,) = (e for e in given if isinstance(e, GaveUp))
    assert gave_up.diagnosis is not None
    found = dataclasses.replace(gave_up.diagnosis, life=JobHealth.STALLED, stage=Stage.STEPPING)
    return [*events[:4], msgspec.structs.replace(gave_up, diagnosis=found)]


def _a_picture_of_many(events: JobEvents) -> JobEvents:
    picture = next(e for e in events if isinstance(e, Delivered)).image
    assert picture is not None
    one = msgspec.structs.replace(picture, sha256="sha of all")
    changed = spoiled(spoiled(events, Delivered, image=one), Downloaded, file=one)
    return spoiled(changed, Examined, sha256="sha of all")


SPOILED: dict[str, Callable[[JobEvents], JobEvents]] = {
    "sound": lambda e: e,
    "lost": lambda e: without(e, Delivered),
    "twice": lambda e: again(e, 0.3),
    "twice, much later": lambda e: again(e, 90.0),
    "refused": lambda e: [*spoiled(e, Answered, status_code=503, job_id=None)[:2]],
    "an id of many": lambda e: spoiled(e, Answered, job_id="id-of-all"),
    "another's id": lambda e: again(e, 0.2, fields={"job_id": "id-job_001"}),
    "another's secret": lambda e: again(e, 0.2, secret="foreign", secret_owner="token-job_002"),
    "nobody's url": lambda e: again(e, 0.2, token="token-of-none", secret="match"),
    "at nobody's, with a secret": lambda e: again(
        e, 50.0, token="elsewhere", secret="foreign", secret_owner="token-job_001"
    ),
    "failed": lambda e: spoiled(e, Polled, status="failed", job_error="out of memory"),
    "a picture of many": _a_picture_of_many,
    "broken file": lambda e: spoiled(e, Examined, defects=("truncated: 20 of 100 rows",)),
    "looks cut": lambda e: spoiled(
        e, Examined, suspicions=("solid: the bottom",), signs=("solid",)
    ),
    "not downloaded": lambda e: spoiled(e, Downloaded, status_code=404, file=None),
    "says it failed": lambda e: spoiled(e, Polled, callback=CallbackSection(status="failed")),
    "in the queue": unheard,
    "stuck": stuck,
}


def a_run(kinds: Sequence[str], gaps: Sequence[float]) -> list[AsyncEvent]:
    """Jobs one after the other, each settled when its last event but late callbacks has come."""
    events, began = list[AsyncEvent](), 0.0
    for number, (kind, gap) in enumerate(zip(kinds, gaps, strict=True), 1):
        name, began = f"job_{number:03d}", began + gap
        job = SPOILED[kind](good_job(name, began))
        last = max(e.at for e in job if e.at < began + 3.0)
        events += [*job, Settled(at=last + 0.01, job=name)]
    events.sort(key=lambda e: e.at)
    return [BEGUN, *events, ScenarioEnded(at=events[-1].at + 0.1, name="stress")]


def about(results: Sequence[CheckResult]) -> set[tuple[str, str]]:
    assert not [r.crash for r in results if r.crash]
    return {(f.clause, f.job or f.subject) for r in results for f in r.findings}


class Folded(NamedTuple):
    folding: Folding
    results: Sequence[CheckResult]


def fold(events: Sequence[AsyncEvent], *, every: float, grace: float, forgot: list[str]) -> Folded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.ndjson"
        with HistoryWriter(path) as writer, Ledger(Path(folder) / "ledger") as ledger:
            folding = Folding(
                path,
                ledger,
                {},
                every=every,
                grace=grace,
                forget=lambda job, _: forgot.append(job.name),
            )
            for event in events:
                folding.take(event, writer.append(event))
            return Folded(folding, folding.results())


RUNS = st.lists(
    st.tuples(st.sampled_from(sorted(SPOILED)), st.floats(0.0, 3.0)), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(RUNS, st.sampled_from([0.0, 0.5, 4.0]), st.sampled_from([0.0, 1.0, 5.0]))
def test_folded_as_it_goes_is_judged_afterwards(
    jobs: list[tuple[str, float]], every: float, grace: float
) -> None:
    events = a_run(*zip(*jobs, strict=True))
    expected = about(judged_as_a_whole(events, {}))
    assert about(fold(events, every=every, grace=grace, forgot=[]).results) == expected


@pytest.mark.parametrize("kind", sorted(SPOILED.keys() - {"sound"}))
def test_each_spoiled_job_is_found_among_sound_ones(kind: str) -> None:
    """So that the property above is not about two empty sets."""
    events = a_run(["sound", "sound", kind, kind, "sound"], [1.0] * 5)
    found = about(fold(events, every=0.0, grace=0.0, forgot=[]).results)
    assert found == about(judged_as_a_whole(events, {}))
    assert found


def test_jobs_are_judged_and_forgotten_while_the_run_goes_on() -> None:
    forgot: list[str] = []
    events = a_run(["sound"] * 50, [1.0] * 50)
    folding = fold(events, every=2.0, grace=2.0, forgot=forgot).folding
    assert (folding.judged, folding.completed, folding.failing) == (50, 50, 0)
    assert sorted(forgot) == sorted({e.job for e in events if isinstance(e, Submitted)})


def test_a_job_that_comes_back_is_judged_again_and_counted_once() -> None:
    forgot: list[str] = []
    kinds = ["twice, much later", *["sound"] * 100]
    folding, results = fold(a_run(kinds, [1.0] * 101), every=2.0, grace=1.0, forgot=forgot)
    assert forgot.count("job_001") == 2
    assert folding.judged == 101
    assert about(results) == {("CBK-4", "job_001")}

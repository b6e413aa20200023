"""Clauses HIV: a worker keeps serving while its hive fails, and sends heartbeats afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass

from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.facts import answers
from asyncproof.worker.heartbeats import NONE
from asyncproof.worker.record import (
    PhaseSpan,
    WorkerHistory,
    WorkerRecord,
    ready_workers,
    trouble,
)


@dataclass(frozen=True)
class Gap:
    """How long after a hostile act a good heartbeat arrived again; None: never."""

    mode: str
    ended: float
    seconds: float | None


def gaps(record: WorkerHistory, worker: WorkerRecord) -> Iterator[Gap]:
    """One for each hostile act that a worker with heartbeats survived."""
    limits = record.limits
    patience = limits.stale * limits.interval + limits.slack
    for span in worker.hostile:
        beating = any(b.answered == 200 and span.begin - patience <= b.at for b in worker.beats)
        before = any(span.begin - patience <= b.at <= span.begin for b in worker.beats)
        if not (beating and before) or not worker.alive_after(span.end, patience):
            continue
        again = (b.at for b in worker.beats if b.at >= span.end and b.answered == 200)
        first = next(again, None)
        granted = record.granted(worker, span.end, span.end + patience)
        late = first is None or first - span.end > patience + granted
        yield Gap(span.name, span.end, None if late or first is None else first - span.end)


def _excused(record: WorkerHistory) -> NotApplicable | None:
    if record.run.schema == NONE:
        return NotApplicable("the profile says that this worker sends no heartbeats")
    if not any(worker.hostile for worker in record.workers):
        return NotApplicable("the hive did not misbehave (--no-difficult-hive)")
    return None


@check("HIV-1")
def heartbeats_resume(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    limits = record.limits
    for worker in ready_workers(record):
        for gap in gaps(record, worker):
            if gap.seconds is not None:
                yield None
                continue
            expected = (
                f"a heartbeat within {limits.stale * limits.interval:g} s of the hive's return"
            )
            yield Finding("HIV-1", worker.name, expected, f"none after {gap.mode}", gap.ended)


@check("HIV-2")
def serves_without_its_hive(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in ready_workers(record):
        for span in worker.hostile:
            for subject, actual, at in _served(record, worker, span):
                expected = f"an answer as good as before, while the hive is in {span.name}"
                yield Finding("HIV-2", subject, expected, actual, at) if actual else None


def _served(
    record: WorkerHistory, worker: WorkerRecord, span: PhaseSpan
) -> Iterator[tuple[str, str, float]]:
    """The requests during the act, and the problems of their answers. Only requests that had good
    answers before, idle and busy, count: an engine that fails under load also fails with a failing
    hive."""
    known = answers(record, worker, worker.quiet, "health")
    if known and all(not (a.problems or a.error) for a in known):
        for answer in answers(record, worker, span, "health"):
            problem = answer.error or "; ".join(answer.problems)
            yield f"{worker.name} health", problem, answer.at
    before = worker.made_in_peace
    if any(g.purpose == "work" and trouble(g) for g in before):
        return
    for style in {g.style for g in before if all(_good(h) for h in before if h.style == g.style)}:
        for generation in worker.inferred:
            asked = generation.style == style and span.holds(generation.began)
            if asked and worker.alive_after(generation.at, 0.5):
                yield f"{worker.name} {style}", trouble(generation), generation.at


def _good(generation: ev.Inferred) -> bool:
    return not trouble(generation)


CHECKS: tuple[Check[WorkerHistory], ...] = (heartbeats_resume, serves_without_its_hive)

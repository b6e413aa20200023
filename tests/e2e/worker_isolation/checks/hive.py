"""Clauses HIV: a worker serves on while its hive is in trouble, and beats again afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.checks.endpoints import answers
from tests.e2e.worker_isolation.heartbeats import NONE
from tests.e2e.worker_isolation.record import (
    ENDPOINTS,
    Record,
    Span,
    WorkerRecord,
    ready_workers,
)
from tests.harness.verdict import Check, Finding, NotApplicable, Ruling, check


@dataclass(frozen=True)
class Gap:
    """How long after a hostile act the hive had a good heartbeat again; None: not at all."""

    mode: str
    ended: float
    seconds: float | None


def gaps(record: Record, worker: WorkerRecord) -> Iterator[Gap]:
    """One for each hostile act that a beating worker lived through."""
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


def _excused(record: Record) -> NotApplicable | None:
    if record.run.schema == NONE:
        return NotApplicable("the profile says that this worker sends no heartbeats")
    if not any(worker.hostile for worker in record.workers):
        return NotApplicable("the hive was left in peace (--no-difficult-hive)")
    return None


@check("HIV-1")
def heartbeats_resume(record: Record) -> Iterator[Ruling]:
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
def serves_without_its_hive(record: Record) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in ready_workers(record):
        for span in worker.hostile:
            for subject, actual, at in _served(record, worker, span):
                expected = f"an answer as good as before, while the hive is in {span.name}"
                yield Finding("HIV-2", subject, expected, actual, at) if actual else None


def _served(record: Record, worker: WorkerRecord, span: Span) -> Iterator[tuple[str, str, float]]:
    """What was asked during the act, and what was wrong with the answer. Only what had answered
    well before the act is held against it."""
    peace = worker.phase(ENDPOINTS)
    known = answers(record, worker, peace, "health")
    if known and all(not (a.problems or a.error) for a in known):
        for answer in answers(record, worker, span, "health"):
            problem = answer.error or "; ".join(answer.problems)
            yield f"{worker.name} health", problem, answer.at
    before = [g for g in worker.inferred if peace and peace.holds(g.began)]
    for style in {g.style for g in before if all(_good(h) for h in before if h.style == g.style)}:
        for generation in worker.inferred:
            asked = generation.style == style and span.holds(generation.began)
            if asked and worker.alive_after(generation.at, 0.5):
                yield f"{worker.name} {style}", _trouble(generation), generation.at


def _good(generation: ev.Inferred) -> bool:
    return not _trouble(generation)


def _trouble(generation: ev.Inferred) -> str:
    if generation.status_code not in (200, None):
        return f"status {generation.status_code}"
    return generation.error or "; ".join(generation.problems)


CHECKS: tuple[Check[Record], ...] = (heartbeats_resume, serves_without_its_hive)

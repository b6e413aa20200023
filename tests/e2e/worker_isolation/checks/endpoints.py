"""Clauses END: the health and ready pages answer, in form and in time, also while there is work."""

from collections.abc import Iterator

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.record import (
    ENDPOINTS,
    WORK,
    Record,
    Span,
    WorkerRecord,
    ready_workers,
)
from tests.harness.verdict import Check, Finding, Ruling, check


def answers(
    record: Record, worker: WorkerRecord, span: Span | None, *probes: str
) -> list[ev.Answered]:
    """Answers in ``span`` that neither the death of the process nor a busy machine explains."""
    return [
        a
        for a in worker.all(ev.Answered)
        if span and span.holds(a.at) and a.probe in probes and worker.alive_after(a.at, 0.5)
        if not (a.late and _had_no_time(record, worker, a))
    ]


def _had_no_time(record: Record, worker: WorkerRecord, answer: ev.Answered) -> bool:
    """Whether the machine took most of the time in which the answer was due."""
    taken = record.granted(worker, answer.at - answer.took, answer.at)
    return taken > record.limits.endpoint / 2


def _good_answers(record: Record, probe: str, clause: str) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        for answer in answers(record, worker, worker.phase(ENDPOINTS), probe):
            if answer.late:
                continue  # END-3
            actual = answer.error or "; ".join(answer.problems)
            expected = f"a good answer of the {probe} page"
            yield Finding(clause, worker.name, expected, actual, answer.at) if actual else None


@check("END-1")
def health_answers(record: Record) -> Iterator[Ruling]:
    return _good_answers(record, "health", "END-1")


@check("END-2")
def ready_answers(record: Record) -> Iterator[Ruling]:
    return _good_answers(record, "ready", "END-2")


@check("END-3")
def pages_answer_in_time(record: Record) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        yield from _in_time(record, worker, "END-3", worker.phase(ENDPOINTS))


@check("END-4")
def health_answers_during_work(record: Record) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        idle = answers(record, worker, worker.phase(ENDPOINTS), "health")
        if idle and not any(answer.late for answer in idle):
            yield from _in_time(record, worker, "END-4", worker.phase(WORK))


def _in_time(
    record: Record, worker: WorkerRecord, clause: str, span: Span | None
) -> Iterator[Ruling]:
    limit = record.limits.endpoint
    for answer in answers(record, worker, span, "health", "ready"):
        if answer.late:
            subject = f"{worker.name} {answer.probe}"
            yield Finding(clause, subject, f"an answer within {limit:g} s", "none", answer.at)
        else:
            yield None


CHECKS: tuple[Check[Record], ...] = (
    health_answers,
    ready_answers,
    pages_answer_in_time,
    health_answers_during_work,
)

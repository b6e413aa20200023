"""Clauses END: the health and ready pages answer correctly and in time, also under load."""

from collections.abc import Iterator

from asyncproof.harness.verdict import Check, Finding, Ruling, check
from asyncproof.worker.facts import answers
from asyncproof.worker.record import (
    ENDPOINTS,
    WORK,
    PhaseSpan,
    WorkerHistory,
    WorkerRecord,
    ready_workers,
)


def _good_answers(record: WorkerHistory, probe: str, clause: str) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        for answer in answers(record, worker, worker.phase(ENDPOINTS), probe):
            if answer.late:
                continue  # END-3
            actual = answer.error or "; ".join(answer.problems)
            expected = f"a good answer of the {probe} page"
            yield Finding(clause, worker.name, expected, actual, answer.at) if actual else None


@check("END-1")
def health_answers(record: WorkerHistory) -> Iterator[Ruling]:
    return _good_answers(record, "health", "END-1")


@check("END-2")
def ready_answers(record: WorkerHistory) -> Iterator[Ruling]:
    return _good_answers(record, "ready", "END-2")


@check("END-3")
def pages_answer_in_time(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        yield from _in_time(record, worker, "END-3", worker.phase(ENDPOINTS))


@check("END-4")
def health_answers_during_work(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        idle = answers(record, worker, worker.phase(ENDPOINTS), "health")
        if idle and not any(answer.late for answer in idle):
            yield from _in_time(record, worker, "END-4", worker.phase(WORK))


def _in_time(
    record: WorkerHistory, worker: WorkerRecord, clause: str, span: PhaseSpan | None
) -> Iterator[Ruling]:
    limit = record.limits.endpoint
    for answer in answers(record, worker, span, "health", "ready"):
        if answer.late:
            subject = f"{worker.name} {answer.probe}"
            yield Finding(clause, subject, f"an answer within {limit:g} s", "none", answer.at)
        else:
            yield None


CHECKS: tuple[Check[WorkerHistory], ...] = (
    health_answers,
    ready_answers,
    pages_answer_in_time,
    health_answers_during_work,
)

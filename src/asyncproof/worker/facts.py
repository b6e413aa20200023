"""Facts that several checks of a worker need."""

from asyncproof.worker import events as ev
from asyncproof.worker.record import (
    PhaseSpan,
    WorkerHistory,
    WorkerRecord,
)


def answers(
    record: WorkerHistory, worker: WorkerRecord, span: PhaseSpan | None, *probes: str
) -> list[ev.WorkerAnswered]:
    """Answers in ``span`` that neither the death of the process nor a busy machine explains."""
    return [
        a
        for a in worker.all(ev.WorkerAnswered)
        if span and span.holds(a.at) and a.probe in probes and worker.alive_after(a.at, 0.5)
        if not (a.late and _had_no_time(record, worker, a))
    ]


def _had_no_time(record: WorkerHistory, worker: WorkerRecord, answer: ev.WorkerAnswered) -> bool:
    """Whether a busy machine took most of the time in which the answer was due."""
    taken = record.granted(worker, answer.at - answer.took, answer.at)
    return taken > record.limits.endpoint / 2

"""Clauses WRK: a worker starts, becomes ready, keeps running, and stops when asked to."""

from collections.abc import Iterator

from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.record import WorkerHistory, ready_workers

SIGTERM = 15
CLEAN = {0, -SIGTERM, 128 + SIGTERM}


@check("WRK-1")
def starts_and_stays(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in record.workers:
        if worker.died and not worker.ready:
            yield Finding(
                "WRK-1",
                worker.name,
                "a process that keeps running",
                f"it ended early with {worker.died.status}",
                worker.died.at,
                "see its last lines of output",
            )
        elif worker.last(ev.WorkerStarted):
            yield None


@check("WRK-2")
def becomes_ready(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in record.workers:
        if worker.ready:
            yield None
        elif never := worker.last(ev.NeverReady):
            how = "healthy but not ready" if never.healthy else "not healthy"
            yield Finding(
                "WRK-2",
                worker.name,
                f"readiness within {record.limits.ready:g} s",
                f"{how}; health said {never.health}, ready said {never.ready}",
                never.at,
                "a big model may need a longer --timeout",
            )


@check("WRK-3")
def keeps_running(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        if worker.died:
            during = [span.name for span in worker.phases if span.begin <= worker.died.at]
            yield Finding(
                "WRK-3",
                worker.name,
                "a process that runs until it is asked to stop",
                f"it ended with {worker.died.status} in the phase {during[-1] if during else '?'}",
                worker.died.at,
            )
        else:
            yield None


def _asked(record: WorkerHistory) -> Iterator[tuple[str, ev.WorkerEnded]]:
    for worker in record.workers:
        for ended in worker.all(ev.WorkerEnded):
            if ended.asked:
                yield worker.name, ended


@check("WRK-4")
def stops_when_asked(record: WorkerHistory) -> Iterator[Ruling]:
    for name, ended in _asked(record):
        if ended.forced:
            limit = f"an end within {record.limits.stop:g} s of SIGTERM"
            yield Finding("WRK-4", name, limit, "it had to be killed", ended.at)
        else:
            yield None


@check("WRK-5")
def leaves_nothing_behind(record: WorkerHistory) -> Iterator[Ruling]:
    for name, ended in _asked(record):
        if ended.left_behind:
            left = ", ".join(ended.left_behind)
            yield Finding("WRK-5", name, "no process left behind", left, ended.at)
        elif not ended.forced:
            yield None


@check("WRK-6")
def ends_cleanly(record: WorkerHistory) -> Iterator[Ruling]:
    for name, ended in _asked(record):
        if ended.forced:
            continue
        if ended.code in CLEAN:
            yield None
        else:
            yield Finding("WRK-6", name, "exit code 0 after SIGTERM", ended.status, ended.at)


CHECKS = (
    starts_and_stays,
    becomes_ready,
    keeps_running,
    stops_when_asked,
    leaves_nothing_behind,
    ends_cleanly,
)

"""Clauses HBT: heartbeats arrive, keep their interval, and are true."""

from collections.abc import Iterator
from itertools import pairwise

from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.heartbeats import NONE, SCHEMAS
from asyncproof.worker.record import (
    STOPPED,
    WorkerHistory,
    WorkerRecord,
    quiet_beats,
    ready_workers,
)

# What may follow a state. Repeating a state is not a change.
NEXT = {
    "starting": {"ready", "busy", "stopped"},
    "ready": {"busy", "stopped"},
    "busy": {"ready", "stopped"},
    "stopped": set[str](),
    "healthy": {"degraded"},
    "degraded": {"healthy"},
}


def _excused(record: WorkerHistory) -> NotApplicable | None:
    if record.run.schema == NONE:
        return NotApplicable("the profile says that this worker sends no heartbeats")
    return None


def _tells_work(record: WorkerHistory) -> bool:
    schema = SCHEMAS.get(record.run.schema)
    return schema is not None and schema.tells_work


@check("HBT-1")
def heartbeats_arrive(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
        return
    for worker in ready_workers(record):
        if not worker.quiet or worker.died:
            continue
        came, length = len(quiet_beats(worker)), worker.quiet.end - worker.quiet.begin
        if came >= 2:
            yield None
        elif length > 2 * (1 + record.limits.jitter) * record.limits.interval + record.limits.slack:
            expected = f"at least 2 heartbeats in {length:.1f} s"
            advice = "does its command have the hive's address and the interval? see the profile"
            yield Finding("HBT-1", worker.name, expected, str(came), worker.quiet.end, advice)


@check("HBT-2")
def heartbeats_keep_their_interval(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    limits = record.limits
    least = limits.interval * (1 - limits.jitter) - limits.slack
    most = limits.interval * (1 + limits.jitter) + limits.slack
    for worker in ready_workers(record):
        for before, beat in pairwise(quiet_beats(worker)):
            gap, changed = beat.at - before.at, beat.state != before.state
            if gap >= limits.stale * limits.interval:
                continue  # HBT-8
            granted = record.granted(worker, before.at, beat.at)
            if (gap < least - granted and not changed) or gap > most + granted:
                expected = f"{max(least, 0):.2f} to {most:.2f} s since the previous heartbeat"
                yield Finding("HBT-2", worker.name, expected, f"{gap:.2f} s", beat.at)
            else:
                yield None


@check("HBT-3")
def heartbeats_have_their_shape(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in record.workers:
        for beat in worker.beats:
            actual = "; ".join(beat.problems)
            expected = f"the fields of the schema {record.run.schema}"
            broken = Finding("HBT-3", worker.name, expected, actual, beat.at, cause=actual)
            yield broken if actual else None


@check("HBT-4")
def heartbeats_carry_the_workers_id(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in record.workers:
        for beat in worker.beats:
            if beat.worker_id == worker.worker_id:
                yield None
            elif beat.worker_id is not None:
                expected = f"the id {worker.worker_id}"
                yield Finding("HBT-4", worker.name, expected, beat.worker_id, beat.at)


@check("HBT-5")
def time_never_goes_back(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in record.workers:
        times = [(b.timestamp, b.at) for b in worker.beats if b.timestamp is not None]
        for (before, since), (now, at) in pairwise(times):
            # Two may overtake each other in transit.
            if now >= before - record.limits.slack - record.granted(worker, since, at):
                yield None
            else:
                expected = "a timestamp not earlier than the previous one"
                yield Finding("HBT-5", worker.name, expected, f"{before - now:.3f} s back", at)


@check("HBT-6")
def states_follow_each_other(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    for worker in record.workers:
        states = [(b.state, b.at) for b in worker.beats if b.state in NEXT]
        for (before, _), (now, at) in pairwise(states):
            if before is None or now is None or now == before or now in NEXT[before]:
                yield None
            else:
                expected = f"after {before}: {', '.join(sorted(NEXT[before])) or 'nothing'}"
                yield Finding("HBT-6", worker.name, expected, now, at)


@check("HBT-7")
def states_agree_with_the_work(record: WorkerHistory) -> Iterator[Ruling]:
    if (excuse := _excused(record)) or not _tells_work(record):
        yield excuse or NotApplicable("this schema does not distinguish busy from ready")
        return
    judged = False
    for worker in ready_workers(record):
        for beat in quiet_beats(worker):
            slack = record.limits.slack
            slack += record.granted(worker, beat.at - slack, beat.at)
            working = _working(worker, beat.at, slack)
            if working is None or beat.state is None:
                continue
            judged = True
            wrong = "ready" if working else "busy"
            yield _misclaim(worker, beat, working) if beat.state == wrong else None
    if not judged:
        yield NotApplicable(
            "no heartbeat was clearly during work or idle time; shorten the interval"
        )


def _working(worker: WorkerRecord, at: float, slack: float) -> bool | None:
    """Whether the worker had work when it made the heartbeat of time ``at``; None if unsure."""
    for generation in worker.inferred:
        first = generation.first_token
        streamed = generation.style == "stream" and first is not None
        if streamed and first is not None and first <= at - slack and at <= generation.at:
            return True
        if generation.began - slack <= at <= generation.at + slack:
            return None
    return False


def _misclaim(worker: WorkerRecord, beat: ev.HeartbeatReceived, working: bool) -> Finding:
    expected = "busy while it sends a stream" if working else "ready with nothing to do"
    actual = (
        f"{beat.state}; the process was {beat.process}, {beat.cpu:.2f} s of processor time used"
    )
    return Finding("HBT-7", worker.name, expected, actual, beat.at)


@check("HBT-8")
def heartbeats_never_go_stale(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    stale = record.limits.stale * record.limits.interval
    for worker in ready_workers(record):
        beats = quiet_beats(worker)
        if not worker.quiet or not beats:
            continue  # HBT-1
        for before, after in pairwise([*(beat.at for beat in beats), worker.quiet.end]):
            granted = record.limits.slack + record.granted(worker, before, after)
            if after - before <= stale + granted:
                yield None
            else:
                work = any(before <= g.at for g in worker.inferred)
                actual = f"{after - before:.1f} s of silence{', since work began' * work}"
                yield Finding("HBT-8", worker.name, f"at most {stale:g} s", actual, after)


@check("HBT-9")
def a_stopped_worker_claims_nothing(record: WorkerHistory) -> Iterator[Ruling]:
    if excuse := _excused(record):
        yield excuse
    limits = record.limits
    if not any(worker.phase(STOPPED) for worker in record.workers):
        yield NotApplicable("the process was never stopped (--no-stop-process)")
    for worker in ready_workers(record):
        span = worker.phase(STOPPED)
        patience = limits.stale * limits.interval + limits.slack
        if span is None or not any(span.begin - patience < b.at < span.begin for b in worker.beats):
            continue  # it was silent before too
        stop = next((s.at for s in worker.all(ev.Signalled) if s.signal == "SIGSTOP"), span.end)
        go = next((s.at for s in worker.all(ev.Signalled) if s.signal == "SIGCONT"), span.end)
        claims = [
            b
            for b in worker.beats
            if stop + limits.slack + record.granted(worker, stop, b.at) < b.at < go
        ]
        for beat in claims:
            actual = f"{beat.state}, from another process"
            expected = "no heartbeat while the worker's process is stopped"
            yield Finding("HBT-9", worker.name, expected, actual, beat.at)
        if not claims:
            yield None


CHECKS: tuple[Check[WorkerHistory], ...] = (
    heartbeats_arrive,
    heartbeats_keep_their_interval,
    heartbeats_have_their_shape,
    heartbeats_carry_the_workers_id,
    time_never_goes_back,
    states_follow_each_other,
    states_agree_with_the_work,
    heartbeats_never_go_stale,
    a_stopped_worker_claims_nothing,
)

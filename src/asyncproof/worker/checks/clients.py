"""What the first client gets, and what later clients get after one hung up."""

from collections.abc import Iterator

from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.record import (
    AFTER_HANG_UP,
    FIRST_ASKED,
    HANG_UP,
    WorkerHistory,
    WorkerRecord,
    ready_workers,
    trouble,
)


def _firsts(record: WorkerHistory) -> Iterator[tuple[WorkerRecord, ev.Inferred, list[ev.Inferred]]]:
    """The first answer of each worker, and its later good answers of the same style."""
    for worker in ready_workers(record):
        first = next((g for g in worker.inferred if g.purpose == FIRST_ASKED), None)
        if first is not None and worker.alive_after(first.at, 0.5):
            later = [g for g in worker.inferred if g.style == first.style and g.began >= first.at]
            yield worker, first, [g for g in later if not trouble(g)]


@check("WRK-7")
def ready_means_that_it_answers(record: WorkerHistory) -> Iterator[Ruling]:
    judged = False
    for worker, first, later in _firsts(record):
        problem = trouble(first)
        if problem and not later:
            continue  # INF-1 or INF-3: it never answers
        judged = True
        if not problem:
            yield None
            continue
        ready = worker.ready.at if worker.ready else first.began
        yield Finding(
            "WRK-7",
            worker.name,
            "an answer to the first request after readiness",
            f"{problem}; the first request with a good answer came "
            f"{later[0].began - ready:.1f} s after readiness",
            first.at,
            "report ready only when the model can answer",
        )
    if not judged:
        yield NotApplicable("no first request was sent, or none was ever answered well")


@check("WRK-8")
def the_first_answer_is_no_later_than_others(record: WorkerHistory) -> Iterator[Ruling]:
    judged = False
    for worker, first, later in _firsts(record):
        if trouble(first) or not later:
            continue
        judged = True
        took, usual = first.at - first.began, max(g.at - g.began for g in later[:3])
        limit = record.limits.endpoint + usual + record.granted(worker, first.began, first.at)
        expected = f"a first answer about as fast as later ones ({usual:.1f} s)"
        late = Finding("WRK-8", worker.name, expected, f"{took:.1f} s", first.at)
        yield late if took > limit else None
    if not judged:
        yield NotApplicable("no first answer can be compared with a later one")


def _hung_up(record: WorkerHistory) -> Iterator[WorkerRecord]:
    for worker in ready_workers(record):
        if worker.all(ev.HungUp):
            yield worker


@check("INF-10")
def a_client_that_hangs_up_frees_its_slot(record: WorkerHistory) -> Iterator[Ruling]:
    judged = False
    for worker in _hung_up(record):
        asked = [g for g in worker.inferred if g.purpose == AFTER_HANG_UP]
        if not asked or not worker.alive_after(asked[-1].at, 0.5):
            continue
        judged = True
        left, last = len(worker.all(ev.HungUp)), asked[-1]
        if not trouble(last):
            yield None
            continue
        subject = f"{worker.name} {last.style}"
        expected = f"answers after {left} clients hung up during theirs"
        actual = f"{trouble(last)}, after {sum(not trouble(g) for g in asked)} good answers"
        advice = "detect that the client is gone, and free its slot"
        yield Finding("INF-10", subject, expected, actual, last.at, advice)
    if not judged:
        yield NotApplicable(
            "no client hung up: the engine fails anyway, or the run ended before that"
        )


@check("HBT-10")
def a_client_that_hangs_up_leaves_no_work(record: WorkerHistory) -> Iterator[Ruling]:
    schema = SCHEMAS.get(record.run.schema)
    if schema is None or not schema.tells_work:
        yield NotApplicable("these heartbeats do not distinguish busy from ready")
        return
    judged = False
    for worker in _hung_up(record):
        span = worker.phase(HANG_UP)
        asked = [g for g in worker.inferred if g.purpose == AFTER_HANG_UP]
        if span is None or not asked or trouble(asked[-1]):
            continue  # INF-10
        since = max((g.at for g in worker.made_in_peace), default=span.begin)
        if all(b.state == "busy" for b in worker.beats if since < b.at < span.begin):
            continue  # HBT-7: it always says so
        beats = [b for b in worker.beats if asked[-1].at + record.limits.slack < b.at < span.end]
        if not beats:
            continue  # a heartbeat that came at once ended the wait
        judged = True
        if any(beat.state != "busy" for beat in beats):
            yield None
            continue
        length = beats[-1].at - asked[-1].at
        expected = "ready once the last client is gone"
        actual = f"busy for {length:.1f} s, in every one of {len(beats)} heartbeats"
        yield Finding("HBT-10", worker.name, expected, actual, beats[-1].at)
    if not judged:
        yield NotApplicable("no heartbeat was waited for after a client hung up")


CHECKS: tuple[Check[WorkerHistory], ...] = (
    ready_means_that_it_answers,
    the_first_answer_is_no_later_than_others,
    a_client_that_hangs_up_frees_its_slot,
    a_client_that_hangs_up_leaves_no_work,
)

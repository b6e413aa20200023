"""Clauses INF: generations answer in form and in time, and streams flow and end once."""

from collections.abc import Iterator

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.record import Record, ready_workers
from tests.harness.verdict import Check, Finding, NotApplicable, Ruling, check

Judged = tuple[str, ev.Inferred]


def _generations(record: Record) -> Iterator[Judged]:
    """Generations in quiet time that the death of the process does not explain."""
    for worker in ready_workers(record):
        for generation in worker.inferred:
            quiet = worker.quiet is not None and worker.quiet.holds(generation.began)
            if quiet and worker.alive_after(generation.at, 0.5):
                yield f"{worker.name} {generation.style}", generation


def _answered(record: Record) -> Iterator[Judged]:
    return ((s, g) for s, g in _generations(record) if g.status_code == 200)


def _streams(record: Record) -> Iterator[Judged]:
    return ((s, g) for s, g in _answered(record) if g.style == "stream")


def _no_stream(record: Record) -> Iterator[Ruling]:
    if not any(g.style == "stream" for w in record.workers for g in w.inferred):
        yield NotApplicable("the profile has no stream")


@check("INF-1")
def inference_succeeds(record: Record) -> Iterator[Ruling]:
    for subject, generation in _generations(record):
        if generation.late and generation.status_code is None:
            continue  # INF-3
        failure = generation.error if not generation.late else ""
        if generation.status_code not in (200, None):
            failure = f"status {generation.status_code}: {generation.text[:200]}"
        ok = not failure
        yield None if ok else Finding("INF-1", subject, "status 200", failure, generation.at)


@check("INF-2")
def answers_have_their_shape(record: Record) -> Iterator[Ruling]:
    for subject, generation in _answered(record):
        actual = "; ".join(generation.problems)
        expected = "the fields of the profile"
        yield Finding("INF-2", subject, expected, actual, generation.at) if actual else None


@check("INF-3")
def answers_begin_in_time(record: Record) -> Iterator[Ruling]:
    limit = record.limits.inference
    for subject, generation in _generations(record):
        if generation.late in ("answer", "whole"):
            what = "no answer" if generation.late == "answer" else "a stream that was still going"
            yield Finding("INF-3", subject, f"an answer within {limit:g} s", what, generation.at)
        elif generation.status_code == 200:
            yield None


@check("INF-4")
def streams_end_exactly_once(record: Record) -> Iterator[Ruling]:
    yield from _no_stream(record)
    for subject, generation in _streams(record):
        if generation.late and not generation.finished:
            continue  # INF-3 or INF-5
        if generation.problems and not (generation.tokens or generation.ends):
            continue  # INF-2: this is no stream at all
        actual = _end(generation)
        expected = "one end mark, and then the end of the stream"
        yield Finding("INF-4", subject, expected, actual, generation.at) if actual else None


def _end(generation: ev.Inferred) -> str:
    if generation.ends != 1:
        silent = "; the stream stayed open" if generation.late else ""
        return f"{generation.ends} end marks{silent}"
    return "" if generation.closed else "a stream that stayed open"


@check("INF-5")
def streams_flow(record: Record) -> Iterator[Ruling]:
    yield from _no_stream(record)
    limit = record.limits.stall
    for subject, generation in _streams(record):
        if generation.late == "token" and not generation.finished:
            actual = f"silence after {generation.tokens} tokens"
            yield Finding("INF-5", subject, f"a token every {limit:g} s", actual, generation.at)
        elif generation.tokens:
            yield None


@check("INF-6")
def answers_have_text(record: Record) -> Iterator[Ruling]:
    for subject, generation in _answered(record):
        if generation.problems or generation.late:
            continue
        if generation.text and generation.tokens:
            yield None
        else:
            expected, actual = "text of at least one token", f"{generation.tokens} tokens"
            yield Finding("INF-6", subject, expected, actual, generation.at)


CHECKS: tuple[Check[Record], ...] = (
    inference_succeeds,
    answers_have_their_shape,
    answers_begin_in_time,
    streams_end_exactly_once,
    streams_flow,
    answers_have_text,
)

"""Clauses INF: generations answer in form and in time, and streams flow and end once."""

from collections.abc import Iterator

from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.record import WorkerHistory, WorkerRecord, ready_workers

JudgedGeneration = tuple[str, ev.Inferred]
AT_ONCE = 0.05  # of the time until the first token
LONG = 0.8  # seconds; shorter streams do not show how tokens arrive
MANY = 20  # tokens of such a stream


def _generations(record: WorkerHistory) -> Iterator[JudgedGeneration]:
    """Undisturbed generations that the death of the process does not explain."""
    for worker in ready_workers(record):
        for generation in worker.inferred:
            quiet = worker.quiet is not None and worker.quiet.holds(generation.began)
            if quiet and worker.alive_after(generation.at, 0.5):
                yield f"{worker.name} {generation.style}", generation


def _answered(record: WorkerHistory) -> Iterator[JudgedGeneration]:
    return ((s, g) for s, g in _generations(record) if g.status_code == 200)


def _streams(record: WorkerHistory) -> Iterator[JudgedGeneration]:
    return ((s, g) for s, g in _answered(record) if g.style == "stream")


def _no_stream(record: WorkerHistory) -> Iterator[Ruling]:
    if not any(g.style == "stream" for w in record.workers for g in w.inferred):
        yield NotApplicable("the profile has no stream")


@check("INF-1")
def inference_succeeds(record: WorkerHistory) -> Iterator[Ruling]:
    for subject, generation in _generations(record):
        if generation.late and generation.status_code is None:
            continue  # INF-3
        failure = generation.error if not generation.late else ""
        if generation.status_code not in (200, None):
            failure = f"status {generation.status_code}: {generation.text[:200]}"
        ok = not failure
        expected = "status 200, and no error in the answer"
        yield None if ok else Finding("INF-1", subject, expected, failure, generation.at)


@check("INF-2")
def answers_have_their_shape(record: WorkerHistory) -> Iterator[Ruling]:
    for subject, generation in _answered(record):
        actual = "; ".join(generation.problems)
        expected = "the fields of the profile"
        yield Finding("INF-2", subject, expected, actual, generation.at) if actual else None


@check("INF-3")
def answers_begin_in_time(record: WorkerHistory) -> Iterator[Ruling]:
    limit = record.limits.inference
    for subject, generation in _generations(record):
        if generation.late in ("answer", "whole"):
            what = "no answer" if generation.late == "answer" else "a stream that had not ended"
            yield Finding("INF-3", subject, f"an answer within {limit:g} s", what, generation.at)
        elif generation.status_code == 200:
            yield None


@check("INF-4")
def streams_end_exactly_once(record: WorkerHistory) -> Iterator[Ruling]:
    yield from _no_stream(record)
    for subject, generation in _streams(record):
        if generation.late and not generation.finished:
            continue  # INF-3 or INF-5
        if generation.error and not generation.late:
            continue  # INF-1: it broke off with an error
        if generation.problems and not (generation.tokens or generation.ends):
            continue  # INF-2: this is not a stream
        actual = _end(generation)
        expected = "one end mark, then the end of the stream"
        yield Finding("INF-4", subject, expected, actual, generation.at) if actual else None


def _end(generation: ev.Inferred) -> str:
    if generation.ends != 1:
        silent = "; the stream stayed open" if generation.late else ""
        return f"{generation.ends} end marks{silent}"
    return "" if generation.closed else "a stream that stayed open"


@check("INF-5")
def streams_flow(record: WorkerHistory) -> Iterator[Ruling]:
    yield from _no_stream(record)
    limit = record.limits.stall
    for subject, generation in _streams(record):
        if generation.late == "token" and not generation.finished:
            actual = f"silence after {generation.tokens} tokens"
            yield Finding("INF-5", subject, f"a token every {limit:g} s", actual, generation.at)
        elif generation.tokens:
            yield None


@check("INF-13")
def tokens_come_as_they_are_made(record: WorkerHistory) -> Iterator[Ruling]:
    """Over all long streams of a worker: a single one may have waited for a slot."""
    judged = False
    for worker in ready_workers(record):
        long = [g for g in worker.made_in_peace if _waits(record, worker, g)]
        if not long:
            continue
        judged = True
        at_once = [g for g in long if _flow(g) < AT_ONCE * (_first(g) - g.began)]
        if len(at_once) < len(long):
            yield None
            continue
        worst = max(long, key=lambda g: g.tokens)
        yield Finding(
            "INF-13",
            f"{worker.name} stream",
            "tokens one by one, as they are generated",
            f"{worst.tokens} tokens within {_flow(worst):.2f} s, after "
            f"{_first(worst) - worst.began:.1f} s without any; {len(long)} such streams",
            worst.at,
            "does a proxy or compression buffer the stream?",
        )
    if not judged:
        yield NotApplicable("no stream was long enough to judge")


def _waits(record: WorkerHistory, worker: WorkerRecord, made: ev.Inferred) -> bool:
    """Whether it is a long stream of many tokens."""
    if made.style != "stream" or made.error or made.last_token is None:
        return False
    if made.first_token is None or made.tokens < MANY:
        return False
    granted = record.granted(worker, made.began, made.at)
    whole = made.last_token - made.began
    return whole - granted > LONG


def _first(made: ev.Inferred) -> float:
    return made.began if made.first_token is None else made.first_token


def _flow(made: ev.Inferred) -> float:
    """Seconds from the first token to the last."""
    return (made.last_token or _first(made)) - _first(made)


@check("INF-6")
def answers_have_text(record: WorkerHistory) -> Iterator[Ruling]:
    for subject, generation in _answered(record):
        if generation.problems or generation.late or generation.error:
            continue
        if generation.text and generation.tokens:
            yield None
        else:
            expected, actual = "text of at least one token", f"{generation.tokens} tokens"
            yield Finding("INF-6", subject, expected, actual, generation.at)


CHECKS: tuple[Check[WorkerHistory], ...] = (
    inference_succeeds,
    answers_have_their_shape,
    answers_begin_in_time,
    streams_end_exactly_once,
    streams_flow,
    tokens_come_as_they_are_made,
    answers_have_text,
)

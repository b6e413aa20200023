"""Clauses INF about the content of answers: length, token counts, characters, end."""

from collections.abc import Iterator

from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling, check
from asyncproof.worker import events as ev
from asyncproof.worker.record import AT_STOP, WorkerHistory, WorkerRecord, ready_workers

REPLACEMENT = "\ufffd"
SMALL = 64  # tokens: a request that fits into every context
LONGEST_TOKEN = 16  # characters; tokens are rarely longer
FEW = 20  # tokens; a shorter answer ends too early to be interrupted
NEARLY = 0.9  # of the requested tokens
SPLIT = 2.0  # characters an event: with fewer, an event may be a part of a token
FULL = frozenset({"length", "max_tokens", "limit", "max_length"})
DONE = FULL | {"stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "finished"}


def _whole(worker: WorkerRecord) -> list[ev.Inferred]:
    """Complete answers, while nothing disturbed the worker."""
    return [
        g
        for g in worker.made_in_peace
        if g.status_code == 200 and not (g.error or g.late or g.problems)
    ]


def _asks(record: WorkerHistory) -> Iterator[tuple[WorkerRecord, str, ev.Inferred]]:
    """Small requests with a limit on tokens."""
    for worker in ready_workers(record):
        for made in _whole(worker):
            if made.limited and made.max_tokens <= SMALL:
                yield worker, f"{worker.name} {made.style}", made


def _a_token(worker: WorkerRecord) -> float | None:
    """Characters per token, from streams of this worker that kept their limit."""
    kept = [
        (len(g.text), g.tokens)
        for g in _whole(worker)
        if g.style == "stream" and g.limited and g.max_tokens <= SMALL and _events_fit(g)
    ]
    tokens = sum(count for _, count in kept)
    return sum(length for length, _ in kept) / tokens if tokens else None


def _events_fit(made: ev.Inferred) -> bool:
    return 0 < made.tokens <= made.max_tokens + 1


def _split(made: ev.Inferred) -> bool:
    """Whether its events are so short that they may be parts of tokens."""
    return len(made.text) < SPLIT * made.tokens


def _count(made: ev.Inferred) -> int | None:
    """The worker's own count; None where it gave none."""
    if made.style == "stream":
        return made.counted
    return made.tokens or None


def _too_long(worker: WorkerRecord, made: ev.Inferred) -> str:
    """How an answer exceeds its limit; empty if it does not."""
    length = len(made.text)
    long = length > LONGEST_TOKEN * made.max_tokens
    if made.style == "stream" and not _events_fit(made) and (long or not _split(made)):
        return f"{made.tokens} events with tokens, {length} characters"
    token, count = _a_token(worker), _count(made)
    beyond = count is not None and count > made.max_tokens + 1
    if beyond and (token is None or length > 1.5 * token * made.max_tokens):
        return f"{count} tokens, {length} characters"
    if token is None and length > 2 * LONGEST_TOKEN * made.max_tokens:
        return f"{length} characters"
    return ""


@check("INF-11")
def max_tokens_is_kept(record: WorkerHistory) -> Iterator[Ruling]:
    asked = False
    for worker, subject, made in _asks(record):
        asked = True
        actual = _too_long(worker, made)
        expected = f"at most {made.max_tokens} tokens, as requested"
        yield Finding("INF-11", subject, expected, actual, made.at) if actual else None
    if not asked:
        yield NotApplicable("no request had a limit on tokens, or none was answered completely")


@check("INF-12")
def counts_are_true(record: WorkerHistory) -> Iterator[Ruling]:
    counted = False
    for worker, subject, made in _asks(record):
        if _count(made) is None or _too_long(worker, made):
            continue  # no count, or INF-11
        counted = True
        actual = made.sums or _miscounted(worker, made)
        expected = "a count that matches the answer"
        yield Finding("INF-12", subject, expected, actual, made.at) if actual else None
    if not counted:
        yield NotApplicable("no answer has a count of its tokens that could be compared")


def _miscounted(worker: WorkerRecord, made: ev.Inferred) -> str:
    """How a count is wrong. A worker that counts events counts one for a character of several
    tokens."""
    count, token, length = _count(made) or 0, _a_token(worker), len(made.text)
    told = f"{count} tokens for {length} characters, {made.max_tokens} tokens requested"
    if count > made.max_tokens + 1:
        return told
    bytes_beyond = 3 * sum(not character.isascii() for character in made.text)
    if made.finish_reason.lower() in FULL and count + bytes_beyond < made.max_tokens - 1:
        return f"{told}, although the limit ended it ({made.finish_reason})"
    if made.style == "stream":
        many = made.tokens > count + 1 and not _split(made)
        return f"{told}, in {made.tokens} events" if many else ""
    return told if token and length > 4 * token * count + 40 else ""


@check("INF-7")
def streams_say_why_they_ended(record: WorkerHistory) -> Iterator[Ruling]:
    owed = [
        (f"{worker.name} stream", g)
        for worker in ready_workers(record)
        for g in worker.made_in_peace
        if g.reason_owed and g.status_code == 200 and g.tokens and not (g.error or g.late)
    ]
    if not owed:
        yield NotApplicable("the profile does not say where a stream's finish reason is")
    for subject, made in owed:
        expected, actual = "a finish reason before the end of the stream", "none in any event"
        broken = Finding("INF-7", subject, expected, actual, made.at)
        yield None if made.finish_reason else broken


@check("INF-8")
def text_is_utf8(record: WorkerHistory) -> Iterator[Ruling]:
    for worker in ready_workers(record):
        for made in worker.inferred:
            if made.encoding:
                expected = "UTF-8, with each character in one event"
                subject, actual = f"{worker.name} {made.style}", "; ".join(made.encoding[:3])
                advice = "hold back the bytes of a token until its last character is complete"
                yield Finding("INF-8", subject, expected, actual, made.at, advice, cause=subject)
            elif made.status_code == 200:
                yield None


@check("INF-9")
def streams_lose_no_characters(record: WorkerHistory) -> Iterator[Ruling]:
    """A model may generate U+FFFD itself, but then in both styles."""
    judged = False
    for worker in ready_workers(record):
        good = [g for g in _whole(worker) if g.text and not g.encoding]
        whole = [g for g in good if g.style == "json"]
        if not whole or any(REPLACEMENT in g.text for g in whole):
            continue
        for made in good:
            if made.style == "stream" and made.max_tokens <= SMALL:
                judged = True
                lost = made.text.rstrip(REPLACEMENT).count(REPLACEMENT)  # cut off by the limit
                expected = "no replacement characters, as in non-streamed answers"
                actual = f"{lost} (U+FFFD) in {len(made.text)} characters"
                subject = f"{worker.name} stream"
                yield Finding("INF-9", subject, expected, actual, made.at) if lost else None
    if not judged:
        yield NotApplicable("there is no stream with a non-streamed answer to compare it with")


@check("INF-14")
def what_was_cut_off_says_so(record: WorkerHistory) -> Iterator[Ruling]:
    judged = False
    for worker in ready_workers(record):
        for cut in (g for g in worker.inferred if g.purpose == AT_STOP):
            full = [
                g.tokens / g.max_tokens
                for g in _whole(worker)
                if g.style == cut.style and g.max_tokens > FEW and g is not cut
            ]
            if not full or min(full) < NEARLY or not cut.limited or cut.max_tokens <= FEW:
                continue  # answers of this worker end early by themselves
            judged = True
            short = cut.tokens / cut.max_tokens < min(full) * NEARLY
            claims = cut.finish_reason.lower() in DONE and (cut.ends or cut.style == "json")
            if cut.status_code == 200 and short and claims and not cut.error:
                yield Finding(
                    "INF-14",
                    f"{worker.name} {cut.style}",
                    "no mark of a complete answer, because the worker's end interrupted it",
                    f"finish reason {cut.finish_reason!r} after {cut.tokens} of "
                    f"{cut.max_tokens} tokens",
                    cut.at,
                    "close the connection, or use a separate finish reason",
                )
            else:
                yield None
    if not judged:
        yield NotApplicable("no answer is known to have been cut short by the worker's end")


CHECKS: tuple[Check[WorkerHistory], ...] = (
    streams_say_why_they_ended,
    text_is_utf8,
    streams_lose_no_characters,
    max_tokens_is_kept,
    counts_are_true,
    what_was_cut_off_says_so,
)

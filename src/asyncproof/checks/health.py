"""HLT: the health answer is true."""

import json
from collections.abc import Iterator
from statistics import median

from asyncproof.facts.answers import broke_down, finding, said
from asyncproof.facts.engine import SUSPECT, how_it_is_stuck, is_stuck
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.events import Probed
from asyncproof.history.history import History
from asyncproof.wire.protocol import BODY_KEPT
from asyncproof.workload.special_cases import HEALTH_AFTER, HEALTH_BUSY, HEALTH_IDLE, PAGE

SICK = frozenset({"unhealthy", "error", "down", "failed", "unavailable", "starting", "not ready"})
WELL = frozenset({"healthy", "ok", "up"})
AGREE = "; the body says that all is well: make code and body agree"
QUICK = 1.0  # seconds


def healthy(probe: Probed) -> bool:
    """Whether the miner says that it can work: 200, and no word against it."""
    return probe.status_code == 200 and _word(probe) not in SICK


def _word(probe: Probed) -> str:
    try:
        answer = json.loads(probe.body)
    except (ValueError, RecursionError):
        return ""
    return str(answer.get("status", "")).lower() if isinstance(answer, dict) else ""


def _disagreement(probe: Probed) -> str:
    return AGREE if probe.status_code != 200 and _word(probe) in WELL else ""


def works(history: History) -> bool:
    """Whether the miner showed in this scenario that it can work."""
    return any(job.completed for job in history)


def at_work(history: History, moment: float) -> bool:
    """Whether a poll that was sent after this moment still showed a job at work."""
    polls = (poll for job in history.accepted for poll in job.polls)
    return any(p.status in ("queued", "processing") and p.at - p.took > moment for p in polls)


@check("HLT-1")
def healthy_when_idle(history: History) -> Iterator[Ruling]:
    """A miner that can work says so before any work comes."""
    for probe in history.probed(HEALTH_IDLE):
        if healthy(probe):
            yield None
        elif works(history):
            yield finding(
                "HLT-1",
                probe,
                "200, since the jobs that followed were done",
                advice="a client that asks first sends its work elsewhere" + _disagreement(probe),
                cause=f"answered {probe.status_code}",
            )


@check("HLT-2")
def healthy_when_busy(history: History) -> Iterator[Ruling]:
    """A miner that is working says that it is healthy."""
    asked = history.probed(HEALTH_BUSY)
    calm = (probe for probe in asked if not breaks(probe))  # what breaks down is HLT-5's
    lies = [probe for probe in calm if not healthy(probe) and at_work(history, probe.at)]
    if lies and works(history):
        yield finding(
            "HLT-2",
            lies[0],
            "200 while jobs are being done",
            advice="do not report a busy miner as unhealthy: a watchdog restarts it, and its jobs "
            "are lost" + _disagreement(lies[0]),
            cause=f"answered {lies[0].status_code} while busy",
        )
    elif asked:
        yield None


@check("HLT-3")
def health_tells_when_nothing_works(history: History) -> Iterator[Ruling]:
    """A miner whose valid jobs never end, or only by a timeout, does not call itself healthy."""
    stuck = [job for job in history.accepted if is_stuck(job)]
    for probe in history.probed(HEALTH_AFTER):
        if not (stuck and healthy(probe)):
            yield None
            continue
        job = stuck[-1]
        since = f"; none ended since {job.tags[SUSPECT]}" if SUSPECT in job.tags else ""
        yield finding(
            "HLT-3",
            probe,
            f"anything but healthy, since {job.name} {how_it_is_stuck(job)}{since}",
            advice="the engine behind the server is dead or stuck; health looks at the server only",
            cause="healthy, but jobs never end",
        )


@check("HLT-4")
def health_answers_quickly(history: History) -> Iterator[Ruling]:
    """Health is answered within a second while jobs are being done (the median of the answers)."""
    asked = [probe for probe in history.probed(HEALTH_BUSY) if probe.status_code is not None]
    if not asked:
        return
    took = median(probe.took for probe in asked)
    if took <= QUICK:
        yield None
        return
    yield finding(
        "HLT-4",
        asked[0],
        f"an answer within {QUICK:g} s while jobs are being done",
        actual=f"{took:.1f} s or longer for half of {len(asked)} answers",
        advice="health waits for a lock or a worker; a watchdog that gives up restarts the miner",
        cause="slow health",
    )


def breaks(probe: Probed) -> bool:
    """Whether the page itself failed: no answer, or 5xx other than "not ready"."""
    return bool(probe.error) or broke_down(probe.status_code)


def _is_json(probe: Probed) -> bool:
    kept_whole = len(probe.body) < BODY_KEPT
    return probe.body.lstrip()[:1] in ("{", "[") and (not kept_whole or _parses(probe.body))


def _parses(body: str) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


@check("HLT-5")
def open_pages_are_steady(history: History) -> Iterator[Ruling]:
    """Pages that anyone may ask for do not break down, nor change what they are."""
    asked = [*history.probed(HEALTH_BUSY), *history.probed(PAGE)]
    for path in dict.fromkeys(probe.path for probe in asked):
        probes = [probe for probe in asked if probe.path == path]
        good = [probe for probe in probes if probe.status_code == 200]
        usually_json = sum(map(_is_json, good)) * 2 > len(good)
        odd = [p for p in probes if breaks(p)]
        odd += [p for p in good if usually_json and not _is_json(p)]
        yield from (None for _ in range(len(probes) - len(odd)))
        if odd:
            yield _unsteady(odd, probes)


def _unsteady(odd: list[Probed], probes: list[Probed]) -> Finding:
    first, fails = odd[0], breaks(odd[0])
    return finding(
        "HLT-5",
        first,
        "an answer below 500" if fails else "JSON, as the other answers are",
        actual=f"{said(first)} ({len(odd)} of {len(probes)} answers)",
        advice="the miner's log has the exception; a watchdog may take one such answer for the end"
        if fails
        else "a client that reads this page as JSON fails on the one answer that is not JSON",
        cause=f"{first.path} {'breaks down' if fails else 'is not always JSON'}",
    )

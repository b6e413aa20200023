"""HLT: the health answer is true."""

import json
from collections.abc import Iterator
from statistics import median

from tests.e2e.async_inference.cases import HEALTH_AFTER, HEALTH_BUSY, HEALTH_IDLE
from tests.e2e.async_inference.checks.probes import finding
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Ruling, check

SICK = frozenset({"unhealthy", "error", "down", "failed", "unavailable", "starting", "not ready"})
WELL = frozenset({"healthy", "ok", "up"})
AGREE = "; the body says that all is well, so make code and body agree"
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


def works(history: RunHistory) -> bool:
    """Whether the miner showed in this scenario that it can work."""
    return any(job.completed for job in history)


def at_work(history: RunHistory, moment: float) -> bool:
    """Whether a poll that was sent after this moment still showed a job at work."""
    polls = (poll for job in history.accepted for poll in job.polls)
    return any(p.status in ("queued", "processing") and p.at - p.took > moment for p in polls)


@check("HLT-1")
def healthy_when_idle(history: RunHistory) -> Iterator[Ruling]:
    """A miner that can work says so before any work comes."""
    for probe in history.probed(HEALTH_IDLE):
        if healthy(probe):
            yield None
        elif works(history):
            yield finding(
                "HLT-1",
                probe,
                "200, since the jobs that followed were done",
                advice="who asks before sending work sends it elsewhere"
                + (AGREE if probe.status_code != 200 and _word(probe) in WELL else ""),
                cause=f"answered {probe.status_code}",
            )


@check("HLT-2")
def healthy_when_busy(history: RunHistory) -> Iterator[Ruling]:
    """A miner that is working says that it is healthy."""
    asked = history.probed(HEALTH_BUSY)
    lies = [probe for probe in asked if not healthy(probe) and at_work(history, probe.at)]
    if lies and works(history):
        yield finding(
            "HLT-2",
            lies[0],
            "200 while jobs are being done",
            advice="do not report being busy as being ill: a watchdog restarts a miner that calls "
            "itself unhealthy, and its jobs are lost",
            cause=f"answered {lies[0].status_code} while busy",
        )
    elif asked:
        yield None


@check("HLT-3")
def health_tells_when_nothing_works(history: RunHistory) -> Iterator[Ruling]:
    """A miner whose valid jobs never end does not call itself healthy."""
    stuck = [job for job in history.accepted if job.gave_up and job.terminal is None]
    for probe in history.probed(HEALTH_AFTER):
        if not (stuck and healthy(probe)):
            yield None
            continue
        waiting = stuck[-1].gave_up[0]
        yield finding(
            "HLT-3",
            probe,
            f"anything but healthy, since {stuck[-1].name} was still {waiting.last_state} after "
            f"{waiting.waited:.1f} s",
            advice="the engine behind the server is dead or stuck; health looks at the server only",
            cause="healthy, but jobs never end",
        )


@check("HLT-4")
def health_answers_quickly(history: RunHistory) -> Iterator[Ruling]:
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

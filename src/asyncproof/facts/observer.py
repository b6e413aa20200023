"""Whether what was timed of a job is more than our own delay.

A suite that falls behind its own polls sees ends and progress later than they were. A finding about
time counts where it holds although all of that delay is taken off. Callbacks are not among them:
they come without our asking, and after an end that is seen late they are only waited for longer.

The driver waits longer where it is late, and says by how much a clock ran over its limit as far as
the job was seen. Nothing is taken off from that: an answer that shows no progress is as good when
it was asked for late. It is a doubt only where the job was last seen before the limit.
"""

from dataclasses import replace

from asyncproof.harness.verdict import CheckResult, Finding
from asyncproof.history.history import History
from asyncproof.history.job_health import Diagnosis, JobHealth
from asyncproof.liveness.clocks import Budgets
from asyncproof.settings import SettingError, Settings

TIMED = frozenset({"LIV-1", "LIV-2", "LIV-3", "SCH-1"})


def delay(history: History, since: float, until: float) -> float:
    """The worst lateness of our own polls between two moments, in seconds."""
    during = (b.worst for b in history.behind if b.at >= since and b.since <= until)
    return max(during, default=0.0)


def without_weak(result: CheckResult, history: History) -> CheckResult:
    """The result with what may be our own delay as doubts, and no longer as findings."""
    told = {finding: doubt(history, finding) for finding in result.findings}
    doubts = tuple(why for why in told.values() if why)
    if not doubts:
        return result
    certain = tuple(finding for finding, why in told.items() if not why)
    return replace(result, findings=certain, doubts=(*result.doubts, *doubts))


def doubt(history: History, finding: Finding) -> str:
    """Why a finding about time proves nothing; empty where it does."""
    job = history.jobs.get(finding.job) if finding.clause in TIMED and history.behind else None
    if job is None or not job.gave_up:
        return ""
    gave_up, budgets = job.gave_up[0], _budgets(history)
    if budgets is None or gave_up.diagnosis is None:
        return ""
    waited, limit = _clock(gave_up.diagnosis, budgets)
    late = delay(history, gave_up.at - waited, gave_up.at)
    over = gave_up.diagnosis.over
    spare, enough = (waited - limit, late) if over is None else (over, 0.0)
    if not late or spare >= enough:
        return ""
    seen = f"seen {spare:.2f} s over" if spare >= 0 else f"last seen {-spare:.2f} s before"
    return (
        f"{finding.clause} {finding.subject}: {seen} the limit, by polls of ours that left up to "
        f"{late:.2f} s late"
    )


def _clock(found: Diagnosis, budgets: Budgets) -> tuple[float, float]:
    """The clock that ran out, and its limit, in seconds."""
    match found.life:
        case JobHealth.DEAD:
            return found.silent, budgets.silence
        case JobHealth.OVERDUE:
            return found.total, budgets.total
    return found.still, budgets.still(found.stage)


def _settings(history: History) -> Settings | None:
    """Those of the run, as far as they can still be read."""
    told = dict(history.started.settings) if history.started else {}
    hidden = {name for name, text in told.items() if text in ("", "(not shown)")}
    try:
        return Settings().override_variables({k: v for k, v in told.items() if k not in hidden})
    except SettingError:
        return None


def _budgets(history: History) -> Budgets | None:
    settings = _settings(history)
    return Budgets.of(settings) if settings else None

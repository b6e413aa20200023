"""What came of sizes other than that of the settings, as observed."""

from asyncproof.facts.answers import refused
from asyncproof.facts.damage import defect
from asyncproof.facts.engine import is_stuck
from asyncproof.history.history import History, JobRecord
from asyncproof.workload.special_cases import SIZE

MADE, REFUSED, FAILED, HUNG, SPOILED = "made", "refused", "failed", "hung", "made otherwise"


def outcomes(history: History) -> list[tuple[tuple[int, int], str]]:
    """Each size that was asked for on purpose, and what came of it."""
    return [(job.size, outcome(history, job)) for job in history if SIZE in job.tags]


def outcome_of(history: History, size: tuple[int, int]) -> str | None:
    """What came of a size that plain jobs asked for: that it is made, if one of them shows it; None
    where none asked for it."""
    came = [outcome(history, job) for job in history if job.size == size]
    return MADE if MADE in came else next(iter(came), None)


def outcome(history: History, job: JobRecord) -> str:
    if not job.accepted:
        return REFUSED if refused(job.answered.status_code if job.answered else None) else FAILED
    if not job.completed:
        return HUNG if is_stuck(job) else FAILED
    return SPOILED if any(defect(history, job, picture) for picture in job.pictures()) else MADE


def lines(history: History) -> list[str]:
    """One line about a whole run; none where no other size was asked for."""
    told = [f"{width}x{height} {what}" for (width, height), what in outcomes(history)]
    return [f"Other sizes: {', '.join(told)}"] if told else []

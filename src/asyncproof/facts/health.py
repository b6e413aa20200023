"""Whether a job hung, and how it was seen."""

from asyncproof.history.events import GaveUp
from asyncproof.history.history import JobRecord
from asyncproof.history.job_health import Diagnosis, JobHealth
from asyncproof.liveness.clocks import Clocks
from asyncproof.vocabulary import TERMINAL


def diagnosis(job: JobRecord, *lives: JobHealth) -> Diagnosis | None:
    """Why the job was given up, where it was for one of these reasons and did not move again."""
    found = (w.diagnosis for w in job.gave_up if not moved_after(job, w))
    return next((each for each in found if each and each.life in lives), None)


def moved_after(job: JobRecord, waiting: GaveUp) -> bool:
    """Whether a job that was given up for making no progress was seen to make some later."""
    found = waiting.diagnosis
    if found is None or found.life is not JobHealth.STALLED:
        return False
    later = [poll for poll in job.polls if poll.at > waiting.at]
    return any(
        poll.status in TERMINAL or (poll.progress or 0.0) > (found.progress or 0.0)
        for poll in later
    )


def unanswered(job: JobRecord) -> bool:
    """Whether the miner fell silent about it, and did not just say something unreadable."""
    return bool(job.polls) and bool(job.polls[-1].error)


def seen(job: JobRecord) -> Clocks:
    """The clocks as the readable polls of this job set them."""
    clocks = Clocks.started(job.submitted.at)
    for poll in job.polls:
        if poll.status is not None:
            clocks = clocks.heard_at(poll.at, poll.status, poll.progress)
    return clocks

"""Jobs that a miner accepted and no longer knows, although they had not ended."""

from asyncproof.history.events import Polled
from asyncproof.history.history import JobRecord

UNKNOWN = frozenset({404, 410})
FORGOTTEN = (
    "accepted jobs were forgotten: perhaps the miner was restarted; keep what was accepted where a "
    "restart finds it, and end what cannot go on as failed, with its callback"
)


def forgotten(job: JobRecord) -> Polled | None:
    """The poll since which the miner does not know the job; None where it does, or where the job
    had ended: a terminal status, or a callback of it, was seen, and records may be dropped then.

    A miner that knows the job again later has not forgotten it.
    """
    if not job.polls or not job.gave_up or job.terminal is not None or job.deliveries:
        return None
    since: Polled | None = None
    for poll in job.polls:
        if poll.status_code in UNKNOWN:
            since = since or poll
        elif poll.status_code is not None:
            since = None
    return since

"""How many jobs a miner had at once."""

from asyncproof.history.history import JobRecord


def overlap(jobs: list[JobRecord]) -> int:
    """The most jobs that were accepted and not yet seen to have ended, at any one time."""
    changes = list[tuple[float, int]]()
    for job in jobs:
        if job.accepted and job.answered and job.terminal:
            changes += [(job.answered.at, 1), (job.terminal.at, -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most

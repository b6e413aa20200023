"""The queue is written back from a stale copy."""

from reference.miner.jobs import Job
from reference.miner.seams import Fault


class QueueLost(Fault):
    name = "queue-lost"
    does = "forgets every waiting job but the one that it takes; they stay `queued` for ever"
    clause = "LIV-3"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return jobs[:1]

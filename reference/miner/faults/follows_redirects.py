"""The HTTP library follows redirects unless it is told not to."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class FollowsRedirects(Fault):
    name = "follows-redirects"
    does = "follows redirects of callbacks, wherever they lead, with all headers"
    clause = "SEC-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, follow_redirects=True) for one in deliveries]

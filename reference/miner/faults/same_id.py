"""The id is made from something that does not change."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SameId(Fault):
    name = "same-id"
    does = "gives every job the id of the first one"
    clause = "SUB-3"
    first: Answer | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        self.first = self.first or answer
        return self.first

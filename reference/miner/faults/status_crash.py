"""Two requests at once are one too many."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class StatusCrash(Fault):
    name = "status-crash"
    does = "answers each third poll with 500"
    clause = "POL-11"
    asked = 0

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.asked += 1
        return answer if self.asked % 3 else Answer(500, {"detail": "internal server error"})

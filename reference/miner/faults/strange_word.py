"""A word of its own for a job that is being worked on."""

from reference.miner.answers import saying
from reference.miner.jobs import Job, Status
from reference.miner.seams import Answer, Fault


class StrangeWord(Fault):
    name = "strange-word"
    does = "says `running` where it should say `processing`"
    clause = "POL-1"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.status is not Status.PROCESSING:
            return answer
        return saying(answer, status="running")

"""A word of its own for a job that was taken."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class StrangeFirstWord(Fault):
    name = "strange-first-word"
    does = "says `accepted` as the first status"
    clause = "SUB-12"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="accepted")

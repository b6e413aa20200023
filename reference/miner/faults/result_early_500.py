"""A file that is not there is not expected."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultEarly500(Fault):
    name = "result-early-500"
    does = "answers 500 for a result that is not there yet"
    clause = "RES-5"

    def result(self, job: Job, answer: Answer) -> Answer:
        return answer if job.image else Answer(500, {"detail": "FileNotFoundError"})

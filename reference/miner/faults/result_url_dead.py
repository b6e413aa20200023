"""The path was changed in one place only."""

from reference.miner.answers import saying
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultUrlDead(Fault):
    name = "result-url-dead"
    does = "names a result_url that does not exist"
    clause = "SUB-7"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, result_url=f"/results/{job.job_id}.png")

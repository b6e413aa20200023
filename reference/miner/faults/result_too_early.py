"""The name of the file is known before its contents are."""

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultTooEarly(Fault):
    name = "result-too-early"
    does = "answers 200 and some bytes for the result of a job that is still at work"
    clause = "RES-5"

    def result(self, job: Job, answer: Answer) -> Answer:
        return answer if job.terminal else Answer(200, b"\x89PNG\r\n\x1a\n")

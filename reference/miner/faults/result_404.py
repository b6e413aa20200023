"""The result is looked for in a folder that the picture is not in."""

from reference.miner.answers import problem
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class Result404(Fault):
    name = "result-404"
    does = "answers 404 to the download of a completed job's result"
    clause = "RES-1"

    def result(self, job: Job, answer: Answer) -> Answer:
        return problem(404, "no picture (yet)")

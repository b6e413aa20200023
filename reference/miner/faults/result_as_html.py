"""A framework picks the type of the answer."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultAsHtml(Fault):
    name = "result-as-html"
    does = "serves results as text/html"
    clause = "RES-2"

    def result(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, kind="text/html")

"""The job is queued first and checked afterwards."""

from typing import Any

from reference.miner.answers import problem
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault

UNCHECKED = "queued before it was checked"


class RefusedButRun(Fault):
    name = "refused-but-run"
    does = "runs a job although it refused its empty prompt"
    clause = "SUB-10"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return body if body.get("prompt") != "" else body | {"prompt": UNCHECKED}

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return problem(422, "no prompt") if job.request.prompt == UNCHECKED else answer

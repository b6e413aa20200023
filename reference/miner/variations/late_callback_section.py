"""The end of a job shows before the end of its callback."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class LateCallbackSection(Fault):
    name = "late-callback-section"
    does = "shows the callback section from the second final answer on"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told: set[str] = set()

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or job.key in self.told:
            return answer
        self.told.add(job.key)
        return without(answer, "callback")

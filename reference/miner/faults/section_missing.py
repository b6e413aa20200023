"""The delivery is nobody's to tell."""

from reference.miner.answers import without
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class SectionMissing(Fault):
    name = "section-missing"
    does = "never shows a callback section"
    clause = "CBK-16"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "callback")

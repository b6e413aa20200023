"""A lookup without a plan for nothing."""

from reference.miner.seams import Answer, Fault


class UnknownIdCrash(Fault):
    name = "unknown-id-crash"
    does = "answers 500 to questions about a job that it never saw"
    clause = "SUB-11"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        raise KeyError(job_id)

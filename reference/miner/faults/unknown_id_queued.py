"""A missing record is read as one that has not been written yet."""

from reference.miner.seams import Answer, Fault


class UnknownIdQueued(Fault):
    name = "unknown-id-queued"
    does = "says that a job it never saw is queued"
    clause = "SUB-11"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        return Answer(200, {"job_id": job_id, "status": "queued"})

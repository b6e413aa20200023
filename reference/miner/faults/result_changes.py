"""The file is written again by a later step, in place."""

from io import BytesIO

from PIL import Image

from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ResultChanges(Fault):
    name = "result-changes"
    does = "turns the picture upside down from the third download of it on"
    clause = "RES-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.asked: dict[str, int] = {}

    def result(self, job: Job, answer: Answer) -> Answer:
        if job.image is None:
            return answer
        self.asked[job.key] = self.asked.get(job.key, 0) + 1
        if self.asked[job.key] < 3:
            return answer
        buffer = BytesIO()
        Image.open(job.image).rotate(180).save(buffer, "PNG")
        return Answer(200, buffer.getvalue())

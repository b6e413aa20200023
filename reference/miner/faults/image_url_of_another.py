"""The link lives in a variable that jobs share."""

from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ImageUrlOfAnother(Fault):
    name = "image-url-of-another"
    does = "gives the image_url of the first job to all"
    clause = "RES-4"
    first: str = ""

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.image:
            return answer
        self.first = self.first or job.image_url
        return replace(answer, body=fields_of(answer) | {"image_url": self.first})

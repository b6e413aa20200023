"""The link is made from the name that the file had before."""

from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class ImageUrlBroken(Fault):
    name = "image-url-broken"
    does = "gives an image_url under which there is nothing"
    clause = "RES-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.image:
            return answer
        gone = {"image_url": f"{job.base_url}/images/{job.key}-final.png"}
        return replace(answer, body=fields_of(answer) | gone)

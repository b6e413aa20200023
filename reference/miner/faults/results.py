"""Faults of results: their download, and the links to them."""

from dataclasses import replace

from reference.miner.answers import fields_of, problem
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault
from reference.miner.spoiling import upside_down


class Result404(Fault):
    """The result is looked for in a folder that the picture is not in."""

    name = "result-404"
    does = "answers 404 when the result of a completed job is downloaded"
    clause = "RES-1"

    def result(self, job: Job, answer: Answer) -> Answer:
        return problem(404, "no picture (yet)")


class ResultAsHtml(Fault):
    """A framework picks the type of the answer."""

    name = "result-as-html"
    does = "serves results as text/html"
    clause = "RES-2"

    def result(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, kind="text/html")


class ResultChanges(Fault):
    """The file is written again by a later step, in place."""

    name = "result-changes"
    does = "turns the picture upside down from its third download on"
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
        return Answer(200, upside_down(job.image))


class ResultTooEarly(Fault):
    """The name of the file is known before its contents are."""

    name = "result-too-early"
    does = "answers 200 and a few bytes for the result of a job that is still running"
    clause = "RES-5"

    def result(self, job: Job, answer: Answer) -> Answer:
        return answer if job.terminal else Answer(200, b"\x89PNG\r\n\x1a\n")


class ResultEarly500(Fault):
    """A missing file is not expected."""

    name = "result-early-500"
    does = "answers 500 for a result that does not exist yet"
    clause = "RES-5"

    def result(self, job: Job, answer: Answer) -> Answer:
        return answer if job.image else Answer(500, {"detail": "FileNotFoundError"})


class ImageUrlBroken(Fault):
    """The link is made from the name that the file had earlier."""

    name = "image-url-broken"
    does = "gives an image_url that leads nowhere"
    clause = "RES-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.image:
            return answer
        gone = {"image_url": f"{job.base_url}/images/{job.key}-final.png"}
        return replace(answer, body=fields_of(answer) | gone)


class ImageUrlOfAnother(Fault):
    """The link lives in a variable that jobs share."""

    name = "image-url-of-another"
    does = "gives every job the image_url of the first one"
    clause = "RES-4"
    first: str = ""

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.image:
            return answer
        self.first = self.first or job.image_url
        return replace(answer, body=fields_of(answer) | {"image_url": self.first})

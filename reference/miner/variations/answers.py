"""Permitted differences in what a miner answers and sends."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reference.miner.answers import fields_of, saying, without
from reference.miner.jobs import Job, Section
from reference.miner.rules import Refused
from reference.miner.seams import Answer, Delivery, Fault
from reference.miner.settings import Settings
from reference.miner.spoiling import with_fields, without_fields


class Plain202(Fault):
    """A queue in front of the miner answers for it."""

    name = "plain-202"
    does = "answers a submission with status and job_id and nothing else"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return Answer(202, {"status": "queued", "job_id": job.job_id})


class BadRequest400(Fault):
    """Bad bodies are answered 400 for every reason."""

    name = "bad-request-400"
    does = "answers 400 instead of 422 to a body that breaks a rule"

    def refused(self, answer: Answer) -> Answer:
        return replace(answer, code=400)


class IdKey(Fault):
    """The id has a shorter name."""

    name = "id-key"
    does = "calls the job id `id` in status answers"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not isinstance(answer.body, dict):
            return answer
        return replace(
            answer, body={"id" if k == "job_id" else k: v for k, v in answer.body.items()}
        )


class FailedAt(Fault):
    """Another name for the end of a job that did not succeed."""

    name = "failed-at"
    does = "gives the end of failed jobs as `failed_at` instead of `completed_at`"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.image or not isinstance(answer.body, dict) or "completed_at" not in answer.body:
            return answer
        body = {**answer.body, "failed_at": answer.body["completed_at"]}
        del body["completed_at"]
        return replace(answer, body=body)


class ErrorWord(Fault):
    """Another word for a delivery that the receiver refused."""

    name = "error-word"
    does = "says `error` instead of `failed` about a delivery that got an HTTP error"

    def section(self, job: Job, section: Section) -> Section:
        refused = section.status == "failed" and section.status_code is not None
        return replace(section, status="error") if refused else section


class NoProgress(Fault):
    """The engine reports nothing about its steps."""

    name = "no-progress"
    does = "gives no progress in status answers"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "progress")


class NoImageUrl(Fault):
    """Only the result is hosted."""

    name = "no-image-url"
    does = "gives no image_url, in status answers or in callbacks"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "image_url")

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return without_fields(deliveries, "image_url")


class ProcessingUntilDelivered(Fault):
    """A job is not over before its callback is."""

    name = "processing-until-delivered"
    does = "says `processing` until delivery has been attempted"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or job.callback is not None:
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "error")
        return replace(shown, body={**fields_of(shown), "status": "processing"})


class LateCallbackSection(Fault):
    """The end of a job shows before the end of its callback."""

    name = "late-callback-section"
    does = "shows the callback section only from the second final answer on"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told: set[str] = set()

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or job.key in self.told:
            return answer
        self.told.add(job.key)
        return without(answer, "callback")


class Retrying(Fault):
    """A receiver that stumbles gets another chance."""

    name = "retrying"
    does = "sends a refused callback again, up to three times in all, with the same bytes"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=3)


class NumberedRetries(Fault):
    """A receiver that wants to know how often it was tried."""

    name = "numbered-retries"
    does = "sends a refused callback again with the field `attempt`"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, callback_attempts=3)

    def attempt(self, job: Job, delivery: Delivery, number: int) -> Delivery:
        return with_fields([delivery], attempt=str(number))[0]


class LinkInCallback(Fault):
    """Callbacks are small."""

    name = "link-in-callback"
    does = "sends callbacks with a link to the picture instead of the picture"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image=None) for one in deliveries]


class StartingFirst(Fault):
    """A word more than the protocol has."""

    name = "starting-first"
    does = "says `starting` where the protocol says `queued`"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="starting")

    def polled(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, status="starting") if job.status == "queued" else answer


class OneSize(Fault):
    """An engine that was built for one size."""

    name = "one-size"
    does = "refuses every size but one with 422 (parameter: width and height)"
    parameter = 1024.0

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        for side in ("width", "height"):
            if body.get(side, self.value) != self.value:
                problem = {"loc": ["body", side], "msg": f"must be {self.value:g}"}
                raise Refused(422, [problem])
        return body


class NestedTraining(Fault):
    """Training takes a request of its own shape."""

    name = "nested-training"
    does = "takes training requests inside `training`, and refuses others with 422"

    def training_body(self, body: dict[str, Any]) -> dict[str, Any]:
        inner = body.get("training")
        if not isinstance(inner, dict):
            raise Refused(422, [{"loc": ["body", "training"], "msg": "Field required"}])
        return inner


class RecordsExpire(Fault):
    """Memory is short."""

    name = "records-expire"
    does = "forgets a job some time after its end (parameter: seconds)"
    parameter = 90.0

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, retention=self.value or settings.retention)


class NoTraining(Fault):
    """Inference only."""

    name = "no-training"
    does = "offers no training: /train answers 404"

    def settings(self, settings: Settings) -> Settings:
        return replace(settings, training=0)


class JobsInTwoLists(Fault):
    """A list for each kind of job."""

    name = "jobs-in-two-lists"
    does = "lists jobs under `inference_jobs` and `edit_jobs`, each with its id as `id`"

    def listed(self, jobs: Sequence[Job], answer: Answer) -> Answer:
        lists: dict[str, list[dict[str, Any]]] = {"inference_jobs": [], "edit_jobs": []}
        for job, row in zip(jobs, fields_of(answer)["jobs"], strict=True):
            named = {"id" if name == "job_id" else name: value for name, value in row.items()}
            lists["edit_jobs" if job.path == "/edit" else "inference_jobs"].append(named)
        return replace(answer, body=lists)

"""Faults of what a callback carries: its fields, its picture, its form."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from reference.miner.form import delivery_of
from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault
from reference.miner.spoiling import upside_down, with_fields, without_fields

if TYPE_CHECKING:
    from reference.miner.form import Form

# A PNG of one pixel.
DOT = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

# Fields are missing.


class CallbackWithoutJobId(Fault):
    """The receiver is expected to know the job from the URL."""

    name = "callback-without-job-id"
    does = "leaves job_id out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return without_fields(deliveries, "job_id")


class CallbackWithoutStatus(Fault):
    """A callback is taken to mean success by itself."""

    name = "callback-without-status"
    does = "leaves status out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return without_fields(deliveries, "status")


class CallbackWithoutCompletedAt(Fault):
    """The time of the end is taken to be that of the arrival."""

    name = "callback-without-completed-at"
    does = "leaves completed_at out of callbacks"
    clause = "CBK-6"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return without_fields(deliveries, "completed_at")


class FailureWithoutReason(Fault):
    """The reason stays in the log."""

    name = "failure-without-reason"
    does = "leaves the reason out of the callbacks of failed jobs"
    clause = "CBK-24"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return without_fields(deliveries, "error")


# Fields are wrong.


class CallbackSaysFailed(Fault):
    """The callback is built before the final state is set."""

    name = "callback-says-failed"
    does = "delivers completed jobs with status failed"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return with_fields(deliveries, status="failed")


class CallbackSaysProcessing(Fault):
    """The callback is built from a stale copy of the job."""

    name = "callback-says-processing"
    does = "delivers every job with status processing"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return with_fields(deliveries, status="processing")


class FailureCalledCompleted(Fault):
    """The callback's status is a constant."""

    name = "failure-called-completed"
    does = "delivers failed jobs with status completed"
    clause = "CBK-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return with_fields(deliveries, status="completed")


class CallbackTime1970(Fault):
    """A clock that nobody set."""

    name = "callback-time-1970"
    does = "says in callbacks that each job completed at the start of 1970"
    clause = "CBK-27"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return with_fields(deliveries, completed_at="1970-01-01T00:00:00Z")


class JobIdOfAnother(Fault):
    """The id lives in a variable that jobs share."""

    name = "job-id-of-another"
    does = "sends the job_id of the job that ended before"
    clause = "CBK-3"
    shared: Delivery | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        (own,) = deliveries
        other, self.shared = self.shared or own, own
        return with_fields([own], job_id=other.fields["job_id"])


# The picture


class CallbackWithoutPicture(Fault):
    """The file is attached only if it exists already."""

    name = "callback-without-picture"
    does = "delivers completed jobs with neither a picture nor a link to it"
    clause = "CBK-8"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image=None) for one in without_fields(deliveries, "image_url")]


class CallbackOtherPicture(Fault):
    """The callback sends a preview that was saved earlier."""

    name = "callback-other-picture"
    does = "delivers the picture upside down, unlike the download"
    clause = "CBK-9"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image=upside_down(job.image)) for one in deliveries if job.image]


class CallbackJpegType(Fault):
    """The type of the picture is a constant from another model."""

    name = "callback-jpeg-type"
    does = "labels its PNG as image/jpeg in callbacks"
    clause = "CBK-26"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, image_type="image/jpeg") for one in deliveries]


class CallbackJpegName(Fault):
    """The name of the picture is a constant from another model."""

    name = "callback-jpeg-name"
    does = "names its PNG result.jpg in callbacks"
    clause = "CBK-26"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, filename="result.jpg") for one in deliveries]


class CallbackPathOnly(Fault):
    """Sender and receiver once shared a disk."""

    name = "callback-path-only"
    does = "sends the path of the picture on its own disk in place of the picture"
    clause = "CBK-8"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [
            replace(one, image=None) for one in with_fields(deliveries, image_url=str(job.image))
        ]


class CallbackLinkOnly404(Fault):
    """The link is made from a name that the picture will have later."""

    name = "callback-link-only-404"
    does = "sends a link that answers 404 in place of the picture"
    clause = "CBK-8"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        dead = with_fields(deliveries, image_url=f"{job.base_url}/images/later-{job.key}.png")
        return [replace(one, image=None) for one in dead]


class CallbackLinkDead(Fault):
    """The link is made from a name that the picture had before."""

    name = "callback-link-dead"
    does = "sends the picture and a link that answers 404"
    clause = "CBK-28"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return with_fields(deliveries, image_url=f"{job.base_url}/images/before-{job.key}.png")


class CallbackLinkOfAnother(Fault):
    """A template is filled one job too late."""

    name = "callback-link-of-another"
    does = "sends the link to the picture of the job that ended before"
    clause = "CBK-28"
    before: str | None = None

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        before, self.before = self.before, job.image_url
        return with_fields(deliveries, image_url=before or job.image_url)


# What contradicts itself


class SuccessWithError(Fault):
    """The error of an earlier attempt is kept."""

    name = "success-with-error"
    does = "sends an error text in the callbacks of completed jobs"
    clause = "CBK-29"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return (
            with_fields(deliveries, error="attempt 1: out of memory") if job.image else deliveries
        )


class FailureWithPicture(Fault):
    """One template is filled for both ends."""

    name = "failure-with-picture"
    does = "sends a picture in the callbacks of failed jobs"
    clause = "CBK-29"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return deliveries if job.image else [replace(one, image=DOT) for one in deliveries]


# The form


class CallbackAsJson(Fault):
    """The content type of the other API is used."""

    name = "callback-as-json"
    does = "labels callbacks as application/json"
    clause = "CBK-5"

    def form(self, job: Job, form: "Form") -> "Form":
        return replace(form, kind="application/json")


class FormWrongBoundary(Fault):
    """Header and body each make a boundary of their own."""

    name = "form-wrong-boundary"
    does = "announces a different boundary from the one that it uses"
    clause = "CBK-5"

    def form(self, job: Job, form: "Form") -> "Form":
        return replace(form, boundary="another")


class FormWithoutEnd(Fault):
    """The form is written by hand, and its last line is forgotten."""

    name = "form-without-end"
    does = "leaves the closing boundary out of callbacks"
    clause = "CBK-5"

    def form(self, job: Job, form: "Form") -> "Form":
        return replace(form, tail=b"")


class FailuresUrlencoded(Fault):
    """An HTTP library builds a form only where there is a file."""

    name = "failures-urlencoded"
    does = "sends the callbacks of failed jobs as application/x-www-form-urlencoded"
    clause = "CBK-5"

    def form(self, job: Job, form: "Form") -> "Form":
        if job.image:
            return form
        body = urlencode(delivery_of(job).fields).encode()
        return replace(form, head=body, kind="application/x-www-form-urlencoded")


class FailuresAsJson(Fault):
    """The error handler has a client of its own."""

    name = "failures-as-json"
    does = "sends the callbacks of failed jobs as JSON"
    clause = "CBK-5"

    def form(self, job: Job, form: "Form") -> "Form":
        if job.image:
            return form
        body = json.dumps(delivery_of(job).fields).encode()
        return replace(form, head=body, kind="application/json")

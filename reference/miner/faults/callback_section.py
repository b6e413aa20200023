"""Faults of what a miner says about its callbacks, in the `callback` section and elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime

from reference.miner.answers import fields_of, without
from reference.miner.jobs import Job, Section
from reference.miner.seams import Answer, Delivery, Fault

HALF = 50.0


# The outcome


class DeliveredNeverSent(Fault):
    """The delivery is recorded before it is tried."""

    name = "delivered-never-sent"
    does = "says that the callback was delivered and never sends it"
    clause = "CBK-10"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return []

    def section(self, job: Job, section: Section) -> Section:
        now = datetime.now(UTC)
        said = "completed" if job.image else "failed"
        return Section(status="delivered", status_code=200, attempted_at=now, payload_status=said)


class DeliveredWhateverAnswered(Fault):
    """Any answer is taken for success."""

    name = "delivered-whatever-answered"
    does = "says `delivered` whatever the receiver answers"
    clause = "CBK-10"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="delivered") if section.status_code else section


class DeliveredToNobody(Fault):
    """What did not fail is called delivered."""

    name = "delivered-to-nobody"
    does = "says `delivered` about a job without a callback_url"
    clause = "CBK-18"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="delivered") if section.status == "skipped" else section


class DeliveredCalledFailed(Fault):
    """The word is set before the answer is read."""

    name = "delivered-called-failed"
    does = "says `failed` about deliveries that were accepted"
    clause = "CBK-11"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="failed")


class FailedDeliverySkipped(Fault):
    """An exception is swallowed together with its details."""

    name = "failed-delivery-skipped"
    does = "says `skipped` about deliveries that no receiver accepted"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="skipped") if section.status == "failed" else section


class DeliveryFailsTheJob(Fault):
    """One try block around the work and its delivery."""

    name = "delivery-fails-the-job"
    does = "says that a job failed when its callback could not be delivered"
    clause = "CBK-20"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if not job.terminal or (job.callback and job.callback.status == "delivered"):
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "callback")
        if job.callback is None:
            return replace(shown, body=fields_of(shown) | {"status": "processing"})
        failed = {"status": "failed", "error": "the callback could not be delivered"}
        return replace(answer, body=fields_of(answer) | failed)


# The details


class FailureWithoutCode(Fault):
    """Only good answers are looked at."""

    name = "failure-without-code"
    does = "gives no status_code when the receiver refuses"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=None) if section.status == "failed" else section


class FailureWithoutError(Fault):
    """The text of the exception is empty."""

    name = "failure-without-error"
    does = "gives no reason when the connection breaks"
    clause = "CBK-19"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, error=None)


class StatusCodeConstant(Fault):
    """The code is a constant."""

    name = "status-code-constant"
    does = "says status_code 200 whatever the receiver answers"
    clause = "CBK-12"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=200 if section.status_code else None)


class StatusCode204(Fault):
    """The code is what the miner's own server would answer."""

    name = "status-code-204"
    does = "says status_code 204 for every delivery that was accepted"
    clause = "CBK-11"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status_code=204) if section.status == "delivered" else section


class PreviewOfAnotherAnswer(Fault):
    """The preview is the text of the log line."""

    name = "preview-of-another-answer"
    does = "gives text of its own as response_preview"
    clause = "CBK-13"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, response_preview=f"callback of {job.job_id} was answered")


class PreviewWithoutEnd(Fault):
    """Nobody expects receivers that talk a lot."""

    name = "preview-without-end"
    does = "gives the receiver's whole answer as response_preview, three times over"
    clause = "CBK-13"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, response_preview=(section.response_preview or "") * 3)


class PayloadStatusConstant(Fault):
    """The first value of an enumeration is the default."""

    name = "payload-status-constant"
    does = "says payload_status failed for completed jobs"
    clause = "CBK-14"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, payload_status="failed")


class AttemptedAtZero(Fault):
    """A clock that nobody set."""

    name = "attempted-at-zero"
    does = "says that callbacks were attempted at the start of 1970"
    clause = "CBK-17"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, attempted_at=datetime.fromtimestamp(0, UTC))


# When it shows


class SectionMissing(Fault):
    """Nobody's task is to report the delivery."""

    name = "section-missing"
    does = "never shows a callback section"
    clause = "CBK-16"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "callback")


class StatusLags(Fault):
    """The status is written by a slower path than the callback."""

    name = "status-lags"
    does = "shows the job as still running for some time after the callback (parameter: seconds)"
    clause = "CBK-15"
    parameter = 1.5

    def polled(self, job: Job, answer: Answer) -> Answer:
        ended = job.ended_at or datetime.now(UTC)
        past = (datetime.now(UTC) - ended).total_seconds() / (self.value or 1)
        if not job.terminal:
            return replace(answer, body=fields_of(answer) | {"progress": HALF * _done(job)})
        if past > 1:
            return answer
        shown = without(answer, "completed_at", "result_url", "image_url", "error", "callback")
        working = {"status": "processing", "progress": HALF + HALF * past}
        return replace(shown, body=fields_of(shown) | working)


def _done(job: Job) -> float:
    return (job.progress or 0.0) / 100


class SectionLate(Fault):
    """A sweeper writes the outcome, and comes around now and then."""

    name = "section-late"
    does = "shows the callback section some time after the end (parameter: seconds)"
    clause = "CBK-30"
    parameter = 7.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        since = (datetime.now(UTC) - (job.ended_at or datetime.now(UTC))).total_seconds()
        return without(answer, "callback") if since < (self.value or 0) else answer

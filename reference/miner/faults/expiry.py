"""Faults of the expiry of callbacks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reference.miner.form import delivery_of
from reference.miner.jobs import Ending, Job, Section, Status
from reference.miner.messages import Task
from reference.miner.rules import moment_of
from reference.miner.seams import Delivery, Fault

# It is not obeyed.


class ExpiryIgnored(Fault):
    """The field is read and never used."""

    name = "expiry-ignored"
    does = "sends callbacks regardless of their expiry"
    clause = "EXP-2"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        return body if moment is None else body | {"expiry": None}


class ExpiryAtSubmission(Fault):
    """The expiry is checked too early."""

    name = "expiry-at-submission"
    does = "checks the expiry when a job is submitted, and not again"
    clause = "EXP-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        if moment is None or moment < datetime.now(UTC):
            return body
        return body | {"expiry": None}


class ExpiryAtStart(Fault):
    """A queue that lets go of what has expired; nobody looks again."""

    name = "expiry-at-start"
    does = "checks the expiry when work on a job begins, and not again"
    clause = "EXP-3"

    def task(self, job: Job, task: Task) -> Task:
        expiry = job.request.expiry
        if expiry is not None and expiry > datetime.now(UTC):
            job.request = replace(job.request, expiry=None)
        return task


class ExpiredSentLater(Fault):
    """A sweeper sends whatever was not delivered, expired callbacks too."""

    name = "expired-sent-later"
    does = "says `expired` about a callback, and sends it some time later (parameter: seconds)"
    clause = "EXP-2"
    parameter = 0.5

    def not_due(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        wanted = job.request.callback_url is not None
        return [replace(delivery_of(job), delay=self.value or 0)] if wanted else deliveries


class ExpiredCalledSkipped(Fault):
    """One word for everything that was not sent."""

    name = "expired-called-skipped"
    does = "says `skipped` about a callback that has expired"
    clause = "EXP-7"

    def section(self, job: Job, section: Section) -> Section:
        return replace(section, status="skipped") if section.status == "expired" else section


class ExpiryFailsTheJob(Fault):
    """The expiry of the callback is taken for one of the job."""

    name = "expiry-fails-the-job"
    does = "fails a job whose expiry has passed"
    clause = "EXP-8"

    def ended(self, job: Job, ending: Ending) -> Ending:
        if job.request.expiry is None or job.request.expiry > datetime.now(UTC):
            return ending
        return Ending(status=Status.FAILED, error="expired")


# It is read wrong.


class ExpiresEarly(Fault):
    """Summer time is applied twice."""

    name = "expires-early"
    does = "treats each expiry as if it were one hour earlier"
    clause = "EXP-1"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        if moment is None:
            return body
        return body | {"expiry": (moment - timedelta(hours=1)).isoformat()}


class OffsetDropped(Fault):
    """The first nineteen characters are enough."""

    name = "offset-dropped"
    does = "ignores the offset of an expiry"
    clause = "EXP-4"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if moment_of(body) is None:
            return body
        return body | {"expiry": body["expiry"][:19] + "Z"}


class NaiveExpiryPast(Fault):
    """What cannot be compared is treated as over."""

    name = "naive-expiry-past"
    does = "treats an expiry without an offset as one that has passed"
    clause = "EXP-5"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        naive = moment_of(body) is not None and not datetime.fromisoformat(body["expiry"]).tzinfo
        return body | {"expiry": "1970-01-01T00:00:00Z"} if naive else body


class NaiveExpiryCrash(Fault):
    """Two times that cannot be compared."""

    name = "naive-expiry-crash"
    does = "crashes on an expiry without an offset"
    clause = "EXP-5"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if moment_of(body) is None:
            return body
        return body | {"expired": datetime.now(UTC) > datetime.fromisoformat(body["expiry"])}


class MalformedExpiryIgnored(Fault):
    """What cannot be read is treated as missing."""

    name = "malformed-expiry-ignored"
    does = "accepts a job whose expiry is not a time"
    clause = "EXP-6"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        moment = moment_of(body)
        return body if moment is not None else body | {"expiry": None}


class MalformedExpiryCrash(Fault):
    """A conversion that does not expect nonsense."""

    name = "malformed-expiry-crash"
    does = "crashes on an expiry that is not a time"
    clause = "EXP-6"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("expiry"):
            datetime.fromisoformat(body["expiry"])
        return body

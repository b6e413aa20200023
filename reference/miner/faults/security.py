"""Faults of what is disclosed, and of what clients may reach."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reference.miner.answers import saying
from reference.miner.jobs import Job, Section
from reference.miner.rules import SAFE_NAME
from reference.miner.seams import Answer, Delivery, Fault

# Secrets


class SecretInSubmission(Fault):
    """The answer repeats the request."""

    name = "secret-in-submission"
    does = "shows the secret in the answer to a submission"
    clause = "SEC-1"

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, callback_secret=job.request.callback_secret)


class SecretInStatus(Fault):
    """The request is shown as it came."""

    name = "secret-in-status"
    does = "shows the secret in the status"
    clause = "SEC-1"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, callback_secret=job.request.callback_secret)


class SecretInRefusal(Fault):
    """The error quotes what was wrong."""

    name = "secret-in-refusal"
    does = "shows the whole body, and so the secret, in a refusal"
    clause = "SEC-6"
    input: dict[str, Any] | None = None

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        self.input = body
        return body

    def refused(self, answer: Answer) -> Answer:
        return saying(answer, input=self.input)


class SecretInHealth(Fault):
    """Health shows the last job for debugging."""

    name = "secret-in-health"
    does = "shows the last job's secret in the health answer"
    clause = "SEC-1"
    last: str | None = None

    def submitted(self, job: Job, answer: Answer) -> Answer:
        self.last = job.request.callback_secret
        return answer

    def health(self, answer: Answer) -> Answer:
        return saying(answer, last_secret=self.last)


class SecretInJobs(Fault):
    """A list for operators that anyone may read."""

    name = "secret-in-jobs"
    does = "shows the secrets in the list of jobs"
    clause = "SEC-1"

    def listed(self, jobs: Sequence[Job], answer: Answer) -> Answer:
        return saying(answer, secrets=[job.request.callback_secret for job in jobs])


class SecretInCallbackError(Fault):
    """The exception of the HTTP client is printed with its request."""

    name = "secret-in-callback-error"
    does = "shows the headers it sent, and so the secret, when a delivery fails"
    clause = "SEC-1"

    def section(self, job: Job, section: Section) -> Section:
        if section.status != "failed":
            return section
        sent = {"X-Callback-Secret": job.request.callback_secret}
        return replace(section, error=f"{section.error or section.status_code}; headers: {sent}")


class FollowsRedirects(Fault):
    """The HTTP library follows redirects unless told not to."""

    name = "follows-redirects"
    does = "follows redirects of callbacks, wherever they lead, with all headers"
    clause = "SEC-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, follow_redirects=True) for one in deliveries]


# Ids as paths


class IdsAsTheyCome(Fault):
    """An id is a text like any other."""

    name = "ids-as-they-come"
    does = "accepts ids that are paths"
    clause = "SEC-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.hostile: dict[str, str] = {}

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("job_id")
        if not isinstance(asked, str) or SAFE_NAME.match(asked):
            return body
        harmless = f"stands-for-{len(self.hostile)}"
        self.hostile[harmless] = asked
        return body | {"job_id": harmless}

    def named(self, job_id: str) -> str:
        return self.hostile.pop(job_id, job_id)


class HostileIdCrash(Fault):
    """The file system is the first to check an id."""

    name = "hostile-id-crash"
    does = "crashes on an id that cannot be a file name"
    clause = "SEC-3"

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        name = str(body.get("job_id") or "none")
        if "\0" in name or len(name) > 255:
            raise OSError(name[:20])
        return body


class ServesFiles(Fault):
    """A path is built from what the client sends."""

    name = "serves-files"
    does = "serves any file whose path is given in place of an id"
    clause = "SEC-4"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        climbs = job_id.startswith(("..", "/"))
        return Answer(200, b"root:x:0:0:root:/root:/bin/sh") if climbs else answer


# Stack traces


class TraceInRefusal(Fault):
    """Debugging was left switched on."""

    name = "trace-in-refusal"
    does = "shows a stack trace in a refusal"
    clause = "SEC-5"

    def refused(self, answer: Answer) -> Answer:
        trace = 'Traceback (most recent call last):\\n  File "/app/server.py", line 12, in submit'
        return saying(answer, detail=trace)


class TraceInStatus(Fault):
    """The reason of a failure is the exception as it was printed."""

    name = "trace-in-status"
    does = "gives stack traces as the reasons of failures"
    clause = "SEC-5"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.error is None:
            return answer
        trace = 'Traceback (most recent call last):\\n  File "/app/engine.py", line 40, in draw'
        return saying(answer, error=f"{trace}\\n{job.error}")

"""The wire of the async inference protocol: bodies to send, answers to understand.

Parsing is tolerant: what cannot be understood becomes a text in ``problems`` and the rest of the
answer still counts, so that a malformed answer ends as a finding and never as a crash. This is the
only module that knows the names of the fields.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from tests.e2e.async_inference.events import Answered, CallbackSection, Polled
from tests.e2e.async_inference.scenario import Job
from tests.e2e.async_inference.tolerant import Wire, read_object, validated

TERMINAL = frozenset({"completed", "failed", "timeout"})
STATUSES = frozenset({"queued", "processing"}) | TERMINAL
CALLBACK_STATUSES = frozenset({"delivered", "failed", "expired", "skipped", "error"})
SECRET_HEADER = "X-Callback-Secret"
BODY_KEPT = 500
REDACTED = b"[secret]"

Body = dict[str, Any]
M = TypeVar("M", bound=Wire)


def _as_text(value: object) -> object:
    """A number where a time is expected is a time in a wrong form, not an unreadable answer."""
    return str(value) if isinstance(value, int | float) else value


def _if_text(value: object) -> str | None:
    """Of a field that the protocol does not know: whatever is no text was not meant for us."""
    return value if isinstance(value, str) else None


Moment = Annotated[str | None, BeforeValidator(_as_text)]
ForeignMoment = Annotated[str | None, BeforeValidator(_if_text)]


class _SubmissionAnswer(Wire):
    accepted: bool | None = None
    job_id: str | None = None
    status: str | None = None
    status_url: str | None = None
    result_url: str | None = None
    message: str | None = None


class _Callback(Wire):
    status: str | None = None
    status_code: int | None = None
    response_preview: str | None = None
    attempted_at: Moment = None
    payload_status: str | None = None
    error: str | None = None


class _StatusAnswer(Wire):
    job_id: str | None = None
    status: str | None = None
    progress: float | None = None
    queued_at: ForeignMoment = None
    started_at: ForeignMoment = None
    completed_at: Moment = None
    failed_at: Moment = None
    result_url: str | None = None
    image_url: str | None = None
    error: str | None = None
    callback: _Callback | None = None


class _ListedJob(Wire):
    job_id: str | None = None
    status: str | None = None
    progress: float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP exchange as the client saw it. ``error`` is set where no whole answer came."""

    took: float
    status_code: int | None = None
    content_type: str = ""
    body: bytes = b""
    error: str = ""

    @property
    def text(self) -> str:
        """The start of the body, for people."""
        return self.body[:BODY_KEPT].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Listed:
    """One job as ``/jobs`` shows it; None where it says nothing."""

    job_id: str
    status: str | None = None
    progress: float | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a miner answers; image-editing miners speak the same under ``/edit``."""

    endpoint: str = "inference"

    @property
    def submit(self) -> str:
        return f"/{self.endpoint}"

    def status(self, job_id: str) -> str:
        return f"/{self.endpoint}/status/{job_id}"

    def result(self, job_id: str) -> str:
        return f"/{self.endpoint}/result/{job_id}"


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a job's callback shall go and the secret it shall carry."""

    url: str
    secret: str


def submission_body(job: Job, callback: Callback | None, now: datetime) -> Body:
    """The body of a submission. ``now`` (aware) is what a relative expiry counts from."""
    body: Body = {"prompt": job.prompt}
    optional: Body = {
        "seed": job.seed,
        "num_inference_steps": job.steps,
        "guidance_scale": job.guidance,
        "lora_path": job.lora,
        "job_id": job.job_id,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    if job.size is not None:
        body |= {"width": job.size[0], "height": job.size[1]}
    if callback is not None:
        body |= {"callback_url": callback.url, "callback_secret": callback.secret}
    if job.expiry is not None:
        body["expiry"] = expiry_text(job.expiry, now)
    body |= dict(job.extra)
    return {name: value for name, value in body.items() if name not in job.without}


def expiry_text(expiry: timedelta | str, now: datetime) -> str:
    """ISO 8601 in UTC with ``Z``, to the millisecond; a literal text stays as it is."""
    if isinstance(expiry, str):
        return expiry
    moment = (now + expiry).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recordable(body: Body) -> Body:
    """The body as it may be recorded: without the secret, and no text longer than people read."""
    return {name: _shortened(v) for name, v in body.items() if name != "callback_secret"}


def _shortened(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    kept = value[:BODY_KEPT].encode("utf-8", "backslashreplace").decode()
    more = len(value) - BODY_KEPT
    return f"{kept}... ({more} characters more)" if more > 0 else kept


def shows(answer: Answer, secrets: Iterable[str]) -> bool:
    """Whether one of these secrets stands in the answer, and not only as a part of a word:
    ``callback_secret_provided`` shows no secret, even if somebody's secret is `secret`."""
    return any(_standing_alone(secret).search(answer.body) for secret in secrets if secret)


def _standing_alone(secret: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])" + re.escape(secret.encode()) + rb"(?![\w-])")


def redacted(answer: Answer, secrets: Iterable[str]) -> Answer:
    """The answer as it may be recorded: whoever reads a report shall not learn a secret from it."""
    body = answer.body
    for secret in filter(None, secrets):
        body = _standing_alone(secret).sub(REDACTED, body)
    return answer if body == answer.body else replace(answer, body=body)


def named_job(answer: Answer) -> str | None:
    """The job that an answer names, if it is a JSON object that names one."""
    return _understood(_SubmissionAnswer, answer)[0].job_id


def read_submission(job: str, answer: Answer, secret: str, at: float) -> Answered:
    """What a submission answer says, whatever it looks like. The secret must not be in it."""
    leaks, answer = shows(answer, [secret]), redacted(answer, [secret])
    values, problems = _understood(_SubmissionAnswer, answer)
    return Answered(
        at=at,
        job=job,
        took=answer.took,
        status_code=answer.status_code,
        job_id=values.job_id,
        status=values.status,
        status_url=values.status_url,
        result_url=values.result_url,
        accepted=values.accepted,
        leaks_secret=leaks,
        body=answer.text,
        problems=problems,
        error=answer.error,
    )


def read_status(job: str, answer: Answer, secret: str, at: float) -> Polled:
    """What a polled status says. ``secret`` is looked for in it: it must not be there."""
    leaks, answer = shows(answer, [secret]), redacted(answer, [secret])
    values, problems = _understood(_StatusAnswer, answer)
    section = values.callback
    return Polled(
        at=at,
        job=job,
        took=answer.took,
        status_code=answer.status_code,
        job_id=values.job_id,
        status=values.status,
        progress=values.progress,
        queued_at=values.queued_at,
        started_at=values.started_at,
        completed_at=values.completed_at,
        failed_at=values.failed_at,
        result_url=values.result_url,
        image_url=values.image_url,
        job_error=values.error,
        callback=None if section is None else CallbackSection(**section.model_dump()),
        leaks_secret=leaks,
        body="" if answer.status_code == 200 else answer.text,
        problems=problems,
        error=answer.error,
    )


def read_jobs(answer: Answer) -> tuple[Listed, ...] | None:
    """The jobs that a miner lists, bare or under ``jobs``; None where the answer is no list."""
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    rows = data.get("jobs") if isinstance(data, dict) else data
    if answer.status_code != 200 or not isinstance(rows, list):
        return None
    return tuple(filter(None, map(_listed, rows)))


def _listed(row: object) -> Listed | None:
    if not isinstance(row, dict):
        return None
    row.setdefault("job_id", row.get("id"))
    values, _ = validated(_ListedJob, row)
    if values.job_id is None:
        return None
    return Listed(values.job_id, values.status, values.progress, values.model or "")


def _understood(model: type[M], answer: Answer) -> tuple[M, tuple[str, ...]]:
    """The fields of an answer; the id of a job may be called ``id``."""
    if answer.error:
        return model(), ()
    return read_object(model, answer.body, answer.content_type, alias={"job_id": "id"})


def accepted(answer: Answered) -> bool:
    """Whether the miner took the job: a 2xx answer with an id, and no ``accepted: false``."""
    good = answer.status_code is not None and 200 <= answer.status_code < 300
    return good and answer.job_id is not None and answer.accepted is not False


def timestamp(text: str | None) -> datetime | None:
    """An ISO 8601 time, None where there is none. A naive one is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def has_offset(text: str) -> bool:
    """Whether a readable time names its offset from UTC."""
    return datetime.fromisoformat(text).tzinfo is not None

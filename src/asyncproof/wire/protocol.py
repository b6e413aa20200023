"""The async inference protocol: bodies to send, answers to parse.

Parsing is tolerant: what cannot be understood becomes a text in ``problems`` and the rest of the
answer still counts, so that a malformed answer ends as a finding and never as a crash.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from asyncproof.history.events import Answered, CallbackSection, Polled
from asyncproof.vocabulary import REDACTED, TOO_MANY
from asyncproof.wire.lenient_json import FieldView, Wire, read_object, validated
from asyncproof.workload.scenario import Job

BODY_KEPT = 500
CANNOT_CONNECT = "cannot connect"  # how the error of an answer begins where nobody listens

JsonBody = dict[str, Any]
M = TypeVar("M", bound=Wire)


def _as_text(value: object) -> object:
    """A number instead of a time is a malformed time; the answer is still readable."""
    return str(value) if isinstance(value, int | float) else value


def _id_text(value: object) -> object:
    """An id may be a number; it is compared as the text that stands in urls and callbacks."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _if_text(value: object) -> str | None:
    """For a field that is not in the protocol: anything but text was not meant for us."""
    return value if isinstance(value, str) else None


def _if_whole(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) < 2**63 else None  # more does not fit into a history


SeedShown = Annotated[int | None, BeforeValidator(_if_whole)]
IdText = Annotated[str | None, BeforeValidator(_id_text)]
TimeText = Annotated[str | None, BeforeValidator(_as_text)]
ForeignMoment = Annotated[str | None, BeforeValidator(_if_text)]


class _SubmissionAnswer(Wire):
    accepted: bool | None = None
    job_id: IdText = None
    status: str | None = None
    status_url: str | None = None
    result_url: str | None = None
    message: str | None = None


class _Callback(Wire):
    status: str | None = None
    status_code: int | None = None
    response_preview: str | None = None
    attempted_at: TimeText = None
    payload_status: str | None = None
    error: str | None = None


class _StatusAnswer(Wire):
    job_id: IdText = None
    status: str | None = None
    progress: float | None = None
    queued_at: ForeignMoment = None
    started_at: ForeignMoment = None
    completed_at: TimeText = None
    failed_at: TimeText = None
    result_url: str | None = None
    image_url: str | None = None
    error: str | None = None
    callback: _Callback | None = None
    seed: SeedShown = None


class _ListedJob(Wire):
    job_id: IdText = None
    status: str | None = None
    progress: float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class MinerAnswer:
    """One HTTP exchange as the client saw it. ``error`` is set if no complete answer arrived.

    ``retry_after`` is how many seconds it asks to wait, ``redirected_to`` the url that answered in
    the end, where it was not the one that was asked. ``busy``: its code asks to try again, whether
    it says when or not.
    """

    took: float
    status_code: int | None = None
    content_type: str = ""
    body: bytes = b""
    error: str = ""
    retry_after: float | None = None
    redirected_to: str = ""
    busy: bool = False

    @property
    def asks_to_wait(self) -> bool:
        """Whether it is too busy to answer now and says when to ask again."""
        return self.busy or (self.status_code == TOO_MANY and self.retry_after is not None)

    @property
    def nobody_there(self) -> bool:
        return self.error.startswith(CANNOT_CONNECT)

    @property
    def text(self) -> str:
        """The start of the body, for people."""
        return self.body[:BODY_KEPT].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Listed:
    """One job as ``/jobs`` shows it; None for missing fields."""

    job_id: str
    status: str | None = None
    progress: float | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """A job's callback url and the secret that the callback must carry."""

    url: str
    secret: str


def asked_for(job: Job, callback: Callback | None, now: datetime) -> JsonBody:
    """What a job asks for, by the words of docs/protocol.md. ``now`` (aware) is what a relative
    expiry counts from."""
    body: JsonBody = {"prompt": job.prompt}
    optional: JsonBody = {
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


def recordable(body: JsonBody) -> JsonBody:
    """The body as it may be recorded: without the secret, and with long texts cut."""
    return {name: shortened(v) for name, v in body.items() if name != "callback_secret"}


def shortened(value: Any) -> Any:
    """The value as it may be recorded, with long texts in it cut."""
    match value:
        case dict():
            return {name: shortened(inner) for name, inner in value.items()}
        case list():
            return [shortened(inner) for inner in value]
        case str():
            return _cut(value)
    return value


def _cut(value: str) -> str:
    kept = value[:BODY_KEPT].encode("utf-8", "backslashreplace").decode()
    more = len(value) - BODY_KEPT
    return f"{kept}... ({more} characters more)" if more > 0 else kept


def shows(answer: MinerAnswer, secrets: Iterable[str]) -> bool:
    """Whether one of these secrets is in the answer as a whole word: ``callback_secret_provided``
    shows no secret, even if somebody's secret is `secret`."""
    body = answer.body
    found = (secret for secret in secrets if secret and secret.encode() in body)
    return any(_standing_alone(secret).search(body) for secret in found)


def _standing_alone(secret: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])" + re.escape(secret.encode()) + rb"(?![\w-])")


def redacted(answer: MinerAnswer, secrets: Iterable[str]) -> MinerAnswer:
    """The answer as it may be recorded: a report must not disclose a secret."""
    body = answer.body
    for secret in (each for each in secrets if each and each.encode() in body):
        body = _standing_alone(secret).sub(REDACTED, body)
    return answer if body == answer.body else replace(answer, body=body)


def read_submission(
    job: str, answer: MinerAnswer, secret: str, at: float, view: FieldView
) -> Answered:
    """Parse a submission answer, whatever it looks like. The secret must not be in it."""
    leaks, answer = shows(answer, [secret]), redacted(answer, [secret])
    values, problems = _understood(_SubmissionAnswer, answer, view)
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
        redirected_to=answer.redirected_to,
    )


def read_status(job: str, answer: MinerAnswer, secret: str, at: float, view: FieldView) -> Polled:
    """Parse a polled status, and look for ``secret``, which must not be in it."""
    leaks, answer = shows(answer, [secret]), redacted(answer, [secret])
    values, problems = _understood(_StatusAnswer, answer, view)
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
        seed=values.seed,
        job_error=values.error,
        callback=None if section is None else CallbackSection(**section.model_dump()),
        leaks_secret=leaks,
        body="" if answer.status_code == 200 else answer.text,
        problems=problems,
        error=answer.error,
    )


def read_jobs(answer: MinerAnswer) -> tuple[Listed, ...] | None:
    """The jobs that a miner lists: bare, under ``jobs``, or in several lists such as
    ``inference_jobs`` and ``edit_jobs``; None if the answer has no list of jobs."""
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    lists = [data] if isinstance(data, list) else list(_job_lists(data))
    if answer.status_code != 200 or not lists:
        return None
    return tuple(filter(None, map(_listed, chain.from_iterable(lists))))


def _job_lists(data: object) -> Iterator[list[object]]:
    """The lists of jobs in an answer: by name, else any whose objects have an id and a status."""
    named = {k: v for k, v in data.items() if isinstance(v, list)} if isinstance(data, dict) else {}
    if "jobs" in named:
        yield named["jobs"]
        return
    by_name = [rows for name, rows in named.items() if name.lower().endswith("jobs")]
    yield from by_name or (rows for rows in named.values() if any(map(_is_job, rows)))


def _is_job(row: object) -> bool:
    return isinstance(row, dict) and "status" in row and bool({"job_id", "id"} & row.keys())


def _listed(row: object) -> Listed | None:
    if not isinstance(row, dict):
        return None
    row.setdefault("job_id", row.get("id"))
    values, _ = validated(_ListedJob, row)
    if values.job_id is None:
        return None
    return Listed(values.job_id, values.status, values.progress, values.model or "")


def _understood(model: type[M], answer: MinerAnswer, view: FieldView) -> tuple[M, tuple[str, ...]]:
    if answer.error:
        return model(), ()
    return read_object(model, answer.body, answer.content_type, view)


def timestamp(text: str | None) -> datetime | None:
    """An ISO 8601 time, None if there is none. A time without offset counts as UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def has_offset(text: str) -> bool:
    """Whether a readable time has an offset from UTC."""
    return datetime.fromisoformat(text).tzinfo is not None

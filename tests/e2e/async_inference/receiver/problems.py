"""What is wrong with a callback that could be read: one sentence for each departure.

Only what this one request shows by itself; whether it fits its job is for the checks to say.
"""

from collections.abc import Iterator
from datetime import datetime

from tests.e2e.async_inference.receiver.form import Form, Text

FIELDS = ("job_id", "status", "completed_at", "image_url", "error")
TERMINAL = ("completed", "failed", "timeout")
LONGEST_JOB_ID = 200


def problems(form: Form) -> Iterator[str]:
    """Every departure of the form from the callback that the protocol describes."""
    for name, text in form.texts.items():
        yield from _text(name if name in FIELDS else f"field {name!r}", text)
    yield from _job_id(form)
    yield from _status(form)
    yield from _completed_at(form.text("completed_at"))
    yield from _picture(form)
    for name in form.unknown_files:
        yield f"file part {name!r} is not of the protocol and was not kept"


def _text(name: str, text: Text) -> Iterator[str]:
    if text.times > 1:
        yield f"{name} came {text.times} times; the first was kept"
    if text.as_file:
        yield f"{name} was sent as a file"
    if not text.utf8:
        yield f"{name} is not UTF-8"
    if text.cut:
        yield f"{name} has {text.size} bytes; only its start was kept"


def _job_id(form: Form) -> Iterator[str]:
    job_id = form.text("job_id")
    if job_id is None:
        yield "job_id is missing"
    elif not job_id:
        yield "job_id is empty"
    elif len(job_id) > LONGEST_JOB_ID:
        yield f"job_id is longer than {LONGEST_JOB_ID} characters"
    elif not job_id.isprintable():
        yield "job_id has unprintable characters"


def _status(form: Form) -> Iterator[str]:
    status = form.text("status")
    if status is None:
        yield "status is missing"
    elif status not in TERMINAL:
        yield f"status is {status[:60]!r}, not one of {', '.join(TERMINAL)}"


def _completed_at(value: str | None) -> Iterator[str]:
    if not value:
        return
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        yield f"completed_at {value[:60]!r} is not an ISO 8601 time"
        return
    if moment.tzinfo is None:
        yield f"completed_at {value[:60]!r} has no offset from UTC"


def _picture(form: Form) -> Iterator[str]:
    picture = form.picture
    if picture is None:
        return
    if picture.times > 1:
        yield f"image came {picture.times} times; the first was kept"
    if picture.size == 0:
        yield "image is empty"
    if picture.other_filename is not None:
        yield f"filename* says {picture.other_filename[:60]!r}, filename {picture.filename!r:.60}"
    if picture.content_type and not picture.content_type.lower().startswith(
        ("image/", "application/octet-stream")
    ):
        yield f"image is announced as {picture.content_type[:60]!r}"

"""What is wrong with a readable callback: one sentence for each violation.

Only what this one request shows by itself; the checks judge whether it matches its job.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from asyncproof.receiver.multipart.form_reader import Form, Text
from asyncproof.vocabulary import CALLBACK_FIELDS, TERMINAL

LONGEST_JOB_ID = 200


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation, in words; ``of_the_form``: it is about the form and not about a field."""

    text: str
    of_the_form: bool = False


def violations(
    form: Form, due: Collection[str], states: Collection[str] = TERMINAL
) -> Iterator[Violation]:
    """Every violation of the protocol in this form; ``due`` are the fields that it must have,
    ``states`` those that it may be about."""
    for name, text in form.texts.items():
        yield from _text(name if name in CALLBACK_FIELDS else f"field {name!r}", text)
    if "job_id" in due:
        yield from _job_id(form)
    if "status" in due:
        yield from _status(form, states)
    yield from _completed_at(form.text("completed_at"))
    yield from _picture(form)
    for name in form.unknown_files:
        yield Violation(f"file part {name!r} is not in the protocol and was not stored")


def _text(name: str, text: Text) -> Iterator[Violation]:
    if text.times > 1:
        yield Violation(f"{name} was sent {text.times} times; the first was kept", of_the_form=True)
    if text.as_file:
        yield Violation(f"{name} was sent as a file", of_the_form=True)
    if not text.utf8:
        yield Violation(f"{name} is not UTF-8", of_the_form=True)
    if text.cut:
        yield Violation(f"{name} has {text.size} bytes; only its start was kept")


def _job_id(form: Form) -> Iterator[Violation]:
    job_id = form.text("job_id")
    if job_id is None:
        yield Violation("job_id is missing")
    elif not job_id:
        yield Violation("job_id is empty")
    elif len(job_id) > LONGEST_JOB_ID:
        yield Violation(f"job_id is longer than {LONGEST_JOB_ID} characters")
    elif not job_id.isprintable():
        yield Violation("job_id has unprintable characters")


def _status(form: Form, states: Collection[str]) -> Iterator[Violation]:
    status = form.text("status")
    if status is None:
        yield Violation("status is missing")
    elif status not in states:
        yield Violation(f"status is {status[:60]!r}, not one of {', '.join(sorted(states))}")


def _completed_at(value: str | None) -> Iterator[Violation]:
    if not value:
        return
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        yield Violation(f"completed_at {value[:60]!r} is not an ISO 8601 time")
        return
    if moment.tzinfo is None:
        yield Violation(f"completed_at {value[:60]!r} has no offset from UTC")


def _picture(form: Form) -> Iterator[Violation]:
    picture = form.picture
    if picture is None:
        return
    if picture.times > 1:
        text = f"image was sent {picture.times} times; the first was kept"
        yield Violation(text, of_the_form=True)
    if picture.size == 0:
        yield Violation("image is empty", of_the_form=True)
    if picture.other_filename is not None:
        yield Violation(
            f"filename* says {picture.other_filename[:60]!r}, filename {picture.filename!r:.60}"
        )
    if picture.content_type and not picture.content_type.lower().startswith(
        ("image/", "application/octet-stream")
    ):
        yield Violation(f"image has the content type {picture.content_type[:60]!r}")

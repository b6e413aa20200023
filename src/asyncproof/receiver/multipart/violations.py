"""What is wrong with a readable callback: one sentence for each violation.

Only what this one request shows by itself; the checks judge whether it matches its job.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from asyncproof.receiver.multipart.form_reader import Form, Text
from asyncproof.vocabulary import CALLBACK_FIELDS, TERMINAL

LONGEST_JOB_ID = 200
DOCUMENTED: Mapping[str, str] = MappingProxyType({})  # the names of docs/protocol.md


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation, in words; ``of_the_form``: it is about the form and not about a field."""

    text: str
    of_the_form: bool = False


def violations(
    form: Form,
    due: Collection[str],
    states: Collection[str] = TERMINAL,
    names: Mapping[str, str] = DOCUMENTED,
) -> Iterator[Violation]:
    """Every violation of the protocol in this form; ``due`` are the fields that it must have,
    ``states`` those that it may be about. ``names`` is what its sender calls fields."""

    def called(name: str) -> str:
        return names.get(name, name)

    for name, text in form.texts.items():
        yield from _text(called(name) if name in CALLBACK_FIELDS else f"field {name!r}", text)
    if "job_id" in due:
        yield from _job_id(called("job_id"), form.text("job_id"))
    if "status" in due:
        yield from _status(called("status"), form.text("status"), states)
    yield from _completed_at(called("completed_at"), form.text("completed_at"))
    yield from _picture(called("image"), form)
    for name in form.unknown_files:
        known = f"; the picture is expected as {called('image')!r}" if names else ""
        yield Violation(f"file part {name!r} is not in the protocol and was not stored{known}")


def _text(name: str, text: Text) -> Iterator[Violation]:
    if text.times > 1:
        yield Violation(f"{name} was sent {text.times} times; the first was kept", of_the_form=True)
    if text.as_file:
        yield Violation(f"{name} was sent as a file", of_the_form=True)
    if not text.utf8:
        yield Violation(f"{name} is not UTF-8", of_the_form=True)
    if text.cut:
        yield Violation(f"{name} has {text.size} bytes; only its start was kept")


def _job_id(name: str, job_id: str | None) -> Iterator[Violation]:
    if job_id is None:
        yield Violation(f"{name} is missing")
    elif not job_id:
        yield Violation(f"{name} is empty")
    elif len(job_id) > LONGEST_JOB_ID:
        yield Violation(f"{name} is longer than {LONGEST_JOB_ID} characters")
    elif not job_id.isprintable():
        yield Violation(f"{name} has unprintable characters")


def _status(name: str, status: str | None, states: Collection[str]) -> Iterator[Violation]:
    if status is None:
        yield Violation(f"{name} is missing")
    elif status not in states:
        yield Violation(f"{name} is {status[:60]!r}, not one of {', '.join(sorted(states))}")


def _completed_at(name: str, value: str | None) -> Iterator[Violation]:
    if not value:
        return
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        yield Violation(f"{name} {value[:60]!r} is not an ISO 8601 time")
        return
    if moment.tzinfo is None:
        yield Violation(f"{name} {value[:60]!r} has no offset from UTC")


def _picture(name: str, form: Form) -> Iterator[Violation]:
    picture = form.picture
    if picture is None:
        return
    if picture.times > 1:
        text = f"{name} was sent {picture.times} times; the first was kept"
        yield Violation(text, of_the_form=True)
    if picture.size == 0:
        yield Violation(f"{name} is empty", of_the_form=True)
    if picture.other_filename is not None:
        yield Violation(
            f"filename* says {picture.other_filename[:60]!r}, filename {picture.filename!r:.60}"
        )
    if picture.content_type and not picture.content_type.lower().startswith(
        ("image/", "application/octet-stream")
    ):
        yield Violation(f"{name} has the content type {picture.content_type[:60]!r}")

"""CBK: the miner's own statement about a delivery, against what our receiver saw and answered."""

from collections.abc import Iterator

from asyncproof.facts.delivery_outcome import (
    is_due,
    is_surely_taken,
    is_taken,
    was_unreachable,
    went_elsewhere,
)
from asyncproof.facts.owing import DELIVERED, owed_a_callback, unless_absent
from asyncproof.harness.verdict import Ruling, check
from asyncproof.history.events import CallbackSection, Delivered
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted
from asyncproof.vocabulary import TAKEN
from asyncproof.wire import protocol

UNDELIVERED = ("failed", "error")
PREVIEW = 500
# The clocks of two machines may well be this far apart (seconds).
CLOCKS_AGREE = 60.0


def answers(job: JobRecord) -> list[int]:
    """The status codes with which we answered the job's attempts, in order."""
    return [d.answered for d in job.deliveries if d.answered is not None]


def answers_are_known(history: History, job: JobRecord) -> bool:
    """No attempt went elsewhere or broke off in a way that only the miner can judge."""
    vague = any(is_taken(d) and not is_surely_taken(d) for d in job.deliveries)
    late = any(d.at - d.began > 2.0 for d in job.deliveries)
    return not (vague or late or went_elsewhere(history, job))


@check("CBK-12", every_job=True)
def error_answers_are_told(history: History) -> Iterator[Ruling]:
    """status_code is a code that our receiver really sent."""
    yield from unless_absent(
        history, _error_answers_are_told(history), "no delivery failed with a status_code"
    )


def _error_answers_are_told(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        section = job.section
        if section is None or section.status_code is None or went_elsewhere(history, job):
            continue
        code = section.status_code
        if any(map(is_taken, job.deliveries)):
            # Who did not wait for our answer may call that by a code of his own, but not by 2xx;
            # what surely arrived is CBK-11's.
            if code not in TAKEN or any(map(is_surely_taken, job.deliveries)):
                continue
        elif section.status == DELIVERED:
            continue
        if not job.deliveries and not was_unreachable(history, job):
            continue
        if code in answers(job):
            yield None
        else:
            sent = ", ".join(map(str, answers(job))) or "no HTTP answer at all"
            yield job.finding(
                "CBK-12",
                f"the status code of our answer ({sent})",
                f"status_code {code}",
                at=job.polls[-1].at,
                advice="take status_code from the response; leave it out where there was none",
                cause=f"status_code {code}, answered {sent}",
            )


@check("CBK-13", every_job=True)
def previews_are_of_the_real_answer(history: History) -> Iterator[Ruling]:
    """response_preview is the start of the answer that we sent, at most 500 characters of it."""
    yield from unless_absent(
        history, _previews_are_of_the_real_answer(history), "the miner shows no response_preview"
    )


def _previews_are_of_the_real_answer(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        preview = job.section.response_preview if job.section else None
        if not preview or not job.deliveries:
            continue
        texts = [d.answer for d in job.deliveries if d.answered is not None]
        # An older callback server does not tell what it answered.
        known = all(texts) and answers_are_known(history, job)
        if not known and len(preview) <= PREVIEW:
            continue
        wrong = _preview_fault(preview, texts)
        if not wrong:
            yield None
        else:
            told = (quoted(text, 40) for text in dict.fromkeys(filter(None, texts)))
            shown = " or ".join(told) or "none"
            yield job.finding(
                "CBK-13",
                f"at most {PREVIEW} characters from the start of our answer ({shown})",
                wrong,
                at=job.polls[-1].at,
                advice="cut the body of the response by characters, and keep nothing else",
                cause="a preview that is too long" if len(preview) > PREVIEW else "another preview",
            )


def _preview_fault(preview: str, texts: list[str]) -> str:
    if len(preview) > PREVIEW:
        return f"{len(preview)} characters"
    bare = preview.strip().strip('"').removesuffix("...").removesuffix("…")
    if any(text.strip().startswith(bare) for text in texts):
        return ""
    return quoted(preview, 80)


@check("CBK-17", every_job=True)
def attempts_have_plausible_times(history: History) -> Iterator[Ruling]:
    """attempted_at can be read, and lies between submission and the poll that showed it."""
    yield from unless_absent(
        history, _attempts_have_plausible_times(history), "the miner shows no attempted_at"
    )


def _attempts_have_plausible_times(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        poll = next((p for p in job.polls if p.callback and p.callback.attempted_at), None)
        if poll is None or poll.callback is None:
            continue
        told = poll.callback.attempted_at
        moment = protocol.timestamp(told)
        early = history.wall(job.submitted.at) - CLOCKS_AGREE
        late = history.wall(poll.at) + CLOCKS_AGREE
        if moment is not None and (early <= moment.timestamp() <= late or history.started is None):
            yield None
        else:
            yield job.finding(
                "CBK-17",
                "an ISO 8601 time after the submission and not in the future",
                f"attempted_at {told!r}",
                at=poll.at,
                advice="take the time when the attempt begins, in UTC",
                cause="attempted_at unreadable" if moment is None else "attempted_at impossible",
            )


@check("CBK-19", every_job=True)
def failed_deliveries_are_told(history: History) -> Iterator[Ruling]:
    """A delivery that no receiver took is called ``failed`` or ``error``, with code or reason."""
    yield from unless_absent(
        history, _failed_deliveries_are_told(history), "no delivery is told as failed"
    )


def _failed_deliveries_are_told(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        section = job.section
        if section is None or not is_due(history, job) or section.status == DELIVERED:
            continue
        attempted = bool(job.deliveries) or was_unreachable(history, job)
        if any(map(is_taken, job.deliveries)) or not attempted:
            continue
        wrong = _untold(section, job.deliveries)
        if wrong is None:
            yield None
        else:
            expected, got = wrong
            yield job.finding(
                "CBK-19",
                f"{expected}, since our receiver {_how(job.deliveries)}",
                got,
                at=job.polls[-1].at,
                advice="record how each delivery ended, so that the customer knows what to mend on "
                "his side",
                cause=got,
            )


def _how(attempts: list[Delivered]) -> str:
    """What our receiver did to the last attempt."""
    if not attempts:
        return "could not be reached"
    last = attempts[-1]
    return f"answered {last.answered}" if last.answered else f"gave no answer ({last.broken})"


def _untold(section: CallbackSection, attempts: list[Delivered]) -> tuple[str, str] | None:
    """What the section had to say and what it says; None where it tells enough."""
    if section.status not in UNDELIVERED:
        return "callback.status 'failed'", repr(section.status)
    answered = bool(attempts) and attempts[-1].answered is not None
    if answered and section.status_code is None and not section.error:
        return f"callback.status_code {attempts[-1].answered}", "no status_code"
    if not answered and not section.error and section.status_code is None:
        return "the reason in callback.error", "no text in error"
    return None

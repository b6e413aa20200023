"""CBK: whether each callback came, with its secret, once, and what the miner says became of it."""

from collections.abc import Iterator

from asyncproof.facts.delivery_outcome import (
    expires_at,
    is_due,
    is_surely_taken,
    is_taken,
    noticed_late,
    repeated,
    was_unreachable,
)
from asyncproof.facts.owing import DELIVERED, SKIPPED, owed_a_callback, unless_absent
from asyncproof.facts.unreadable import is_unreadable
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.events import CallbackSection, Delivered
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted, shown_seconds

SECRETS = {
    "missing": "send callback_secret in the header X-Callback-Secret",
    "wrong": "it was changed on its way (trimmed, hashed, encoded), or taken from a configuration",
    "foreign": "send the secret that the job gave; one kept in a variable that jobs share goes "
    "out with the wrong job",
}


@check("CBK-2", every_job=True)
def callbacks_carry_their_secret(history: History) -> Iterator[Ruling]:
    """Every callback carries the secret of its own job in X-Callback-Secret."""
    for job in history.accepted:
        for delivery in job.callbacks:
            if delivery.secret == "match":
                yield None
            else:
                yield job.finding(
                    "CBK-2",
                    "X-Callback-Secret with the callback_secret that was submitted with the job",
                    _secret_told(history, delivery),
                    at=delivery.at,
                    advice=SECRETS[delivery.secret],
                    cause=f"secret {delivery.secret}",
                )


def _secret_told(history: History, delivery: Delivered) -> str:
    owner = history.by_token.get(delivery.secret_owner or "")
    if owner is not None:
        return f"the secret of {owner.name} ({owner.job_id})"
    return "no such header" if delivery.secret == "missing" else "a secret of no job"


@check("CBK-4", every_job=True)
def one_delivery_per_job(history: History) -> Iterator[Ruling]:
    """After the callback about the end was answered 2xx there is never another."""
    yield from unless_absent(history, _one_delivery_per_job(history), "no callback reached us")


def _one_delivery_per_job(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        if not job.deliveries:
            continue
        if late := noticed_late(job):
            yield _noticed_late(job, *late)
        sent = repeated(job)
        if not sent and not late:
            yield None
        if not sent:
            continue
        times = " and ".join(shown_seconds(job.since_submission(d.at)) for d in sent)
        yield job.finding(
            "CBK-4",
            "1 delivery",
            f"{len(sent)} ({times} after submission)",
            at=sent[1].at,
            advice="a 2xx answer ends the delivery; retry only after an error answer" + _ids(sent),
            cause="delivered again",
        )


def _ids(sent: list[Delivered]) -> str:
    """Of repeats that are promised to be marked, and are not."""
    ids = [delivery.delivery_id for delivery in sent]
    if not any(ids):
        return ""
    shown = ", ".join(quoted(one) if one else "none" for one in ids)
    return f", and with the same delivery id: they were {shown}"


def _noticed_late(job: JobRecord, end: Delivered, first: Delivered, *_: Delivered) -> Finding:
    return job.finding(
        "CBK-4",
        f"no callback after the one that said {end.fields.get('status')}",
        f"one that says {first.fields.get('status')}, {first.began - end.at:.1f} s later",
        at=first.at,
        advice="send the callbacks of one job one after another, and that about its end last",
        cause="a notice of work after the end",
    )


@check("CBK-16", every_job=True)
def callback_section_settles(history: History) -> Iterator[Ruling]:
    """Some time after the terminal state the status says how the delivery went."""
    for job in owed_a_callback(history):
        if job.section is not None and job.section.status:
            yield None
        else:
            until = max((g.at for g in job.gave_up), default=job.polls[-1].at)
            yield job.finding(
                "CBK-16",
                "a callback section in the status",
                f"none {shown_seconds(job.since_submission(until))} after submission",
                at=until,
                advice="show `callback` once the delivery was tried, also where it failed or hung",
                cause="no callback section",
            )


@check("CBK-11", every_job=True)
def received_callbacks_are_reported(history: History) -> Iterator[Ruling]:
    """A callback that was answered 2xx is called ``delivered``, with the status code it got."""
    for job in owed_a_callback(history):
        good = next((d for d in job.deliveries if is_surely_taken(d)), None)
        if good is None or job.section is None:
            continue
        code = job.section.status_code
        if job.section.status == DELIVERED and code in (None, good.answered):
            yield None
        else:
            yield job.finding(
                "CBK-11",
                f"'delivered' with status_code {good.answered}, as our receiver answered",
                f"{job.section.status!r} with status_code {code}",
                at=good.at,
                advice=_why_misreported(job.section, good),
                cause=f"received, but called {job.section.status!r} ({code})",
            )


def _why_misreported(section: CallbackSection, good: Delivered) -> str:
    if section.status_code == good.answered:
        return "status_code is right, the word is not: 2xx means 'delivered'"
    return "record the answer that this delivery got, not one from elsewhere"


@check("CBK-14", every_job=True)
def payload_status_is_told(history: History) -> Iterator[Ruling]:
    """``payload_status`` in the callback section tells how the job ended."""
    yield from unless_absent(
        history, _payload_status_is_told(history), "the miner shows no payload_status"
    )


def _payload_status_is_told(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        told = job.section.payload_status if job.section else None
        if told is None:
            continue
        expected = {"completed"} if job.completed else {job.final_status, "failed"}
        if told in expected:
            yield None
        else:
            yield job.finding(
                "CBK-14",
                f"payload_status {' or '.join(sorted(map(str, expected)))}",
                f"payload_status {told!r} while the job's status is {job.final_status}",
                at=job.polls[-1].at,
                advice="payload_status repeats the status that was in the callback's body",
                cause=f"payload_status {told} for a job that is {job.final_status}",
            )


@check("CBK-18", every_job=True)
def no_url_no_callback(history: History) -> Iterator[Ruling]:
    """A job without a callback_url says ``skipped``."""
    for job in history.accepted:
        if job.submitted.expects_callback or job.terminal is None:
            continue
        said = job.section.status if job.section else None
        if said == SKIPPED:
            yield None
        else:
            yield job.finding(
                "CBK-18",
                "callback.status 'skipped', since the job named no callback_url",
                f"callback.status {said!r}" if said else "no callback section",
                at=job.polls[-1].at,
                advice="a job without callback_url has nothing to deliver and should say so",
                cause=f"no callback_url, called {said!r}",
            )


def _was_done(job: JobRecord) -> bool:
    """Whether the job had completed when its delivery was tried, whatever it is called now."""
    told = job.section.payload_status if job.section else None
    sent = (delivery.fields.get("status") for delivery in job.deliveries)
    full = any(poll.progress == 100 for poll in job.polls)
    return "completed" in (told, *sent) or (not job.deliveries and full)


@check("CBK-20")
def failed_delivery_leaves_the_job_alone(history: History) -> Iterator[Ruling]:
    """A callback that could not be delivered does not turn a good job into a failed one."""
    yield from unless_absent(
        history, _failed_delivery_leaves_the_job_alone(history), "every callback was taken"
    )


def _failed_delivery_leaves_the_job_alone(history: History) -> Iterator[Ruling]:
    for job in owed_a_callback(history):
        expired = expires_at(job) is not None and not is_due(history, job)
        unread = any(map(is_unreadable, job.deliveries))  # it may have told of a failure
        if any(map(is_taken, job.deliveries)) or expired or unread or _had_failed_before(job):
            continue
        if not job.deliveries and not was_unreachable(history, job):
            continue
        if job.completed:
            yield None
        elif _was_done(job):
            error = next((p.job_error for p in reversed(job.polls) if p.job_error), "no reason")
            yield job.finding(
                "CBK-20",
                "completed, although its receiver refused the callback",
                f"{job.final_status}: {error}",
                at=job.polls[-1].at,
                advice="keep the outcome of the delivery in `callback`, apart from the job's own",
                cause=f"{job.final_status} after a failed delivery",
            )


def _had_failed_before(job: JobRecord) -> bool:
    """Whether the callback itself, before anybody refused it, told of a failure."""
    return any(d.fields.get("status") in ("failed", "timeout") for d in job.deliveries)

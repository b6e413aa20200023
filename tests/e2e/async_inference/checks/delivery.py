"""CBK: the callback, as our server received it and as the miner speaks of it."""

from collections.abc import Iterator

from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Ruling, check

DELIVERED = "delivered"


def owed_a_callback(history: RunHistory) -> Iterator[JobRecord]:
    """Jobs that asked for a callback and ended."""
    for job in history.accepted:
        if job.submitted.expects_callback and job.terminal is not None:
            yield job


@check("CBK-1")
def every_job_is_delivered(history: RunHistory) -> Iterator[Ruling]:
    """A job that ended has sent its callback."""
    for job in owed_a_callback(history):
        if job.deliveries:
            yield None
            continue
        claim = job.section.status if job.section else None
        said = f"the miner says {claim!r}" if claim else "the miner says nothing of it"
        yield job.finding(
            "CBK-1",
            "a callback",
            f"none; {said}",
            at=job.terminal.at if job.terminal else None,
            advice="can the miner reach the callback url (ASYNC_CALLBACK_BASE_URL)?",
            cause=f"no callback; {said}",
        )


@check("CBK-2")
def callbacks_carry_their_secret(history: RunHistory) -> Iterator[Ruling]:
    """Every callback carries the secret of its own job in X-Callback-Secret."""
    for job in history.accepted:
        for delivery in job.deliveries:
            if delivery.secret == "match":
                yield None
            else:
                yield job.finding(
                    "CBK-2",
                    "the secret that was submitted with the job",
                    f"a secret that is {delivery.secret}",
                    at=delivery.at,
                    cause=f"secret {delivery.secret.split()[0]}",
                )


@check("CBK-4")
def one_delivery_per_job(history: RunHistory) -> Iterator[Ruling]:
    """After a callback was answered 2xx there is never another."""
    for job in history.accepted:
        if not job.deliveries:
            continue
        good = [d for d in job.deliveries if d.answered is not None and d.answered < 300]
        later = [d for d in job.deliveries if good and d.began > good[0].at]
        if not later:
            yield None
            continue
        times = " and ".join(f"{job.since_submission(d.at):.1f} s" for d in (good[0], *later))
        yield job.finding(
            "CBK-4",
            "1 delivery",
            f"{1 + len(later)} ({times} after submission)",
            at=later[0].at,
            advice="a 2xx answer ends the delivery; retry only after an error answer",
            cause=f"{1 + len(later)} deliveries",
        )


@check("CBK-10")
def claimed_deliveries_arrived(history: RunHistory) -> Iterator[Ruling]:
    """Where the miner says ``delivered``, a callback was received and answered 2xx."""
    for job in owed_a_callback(history):
        if job.section is None or job.section.status != DELIVERED:
            continue
        if any(d.answered is not None and d.answered < 300 for d in job.deliveries):
            yield None
        else:
            got = [str(d.answered) for d in job.deliveries]
            yield job.finding(
                "CBK-10",
                "a callback received, since the miner says 'delivered'",
                f"answers {', '.join(got)}" if got else "no callback at all",
                at=job.terminal.at if job.terminal else None,
                advice="the miner sets 'delivered' without a 2xx answer of the receiver",
                cause="'delivered' but never received",
            )


@check("CBK-16")
def callback_section_settles(history: RunHistory) -> Iterator[Ruling]:
    """Some time after the terminal state the status says how the delivery went."""
    for job in owed_a_callback(history):
        if job.section is not None and job.section.status:
            yield None
        else:
            waited = max((g.waited for g in job.gave_up), default=0.0)
            yield job.finding(
                "CBK-16",
                "a callback section in the status",
                f"none {waited:.1f} s after submission",
                at=job.polls[-1].at,
                cause="no callback section",
            )


@check("CBK-11")
def received_callbacks_are_reported(history: RunHistory) -> Iterator[Ruling]:
    """A callback that was answered 2xx is called ``delivered``, with the status code it got."""
    for job in owed_a_callback(history):
        good = next((d for d in job.deliveries if d.answered and d.answered < 300), None)
        if good is None or job.section is None:
            continue
        code = job.section.status_code
        if job.section.status == DELIVERED and code in (None, good.answered):
            yield None
        else:
            yield job.finding(
                "CBK-11",
                f"'delivered' with status_code {good.answered}",
                f"{job.section.status!r} with status_code {code}",
                at=good.at,
                cause=f"received, but called {job.section.status!r}",
            )


@check("CBK-14")
def payload_status_is_told(history: RunHistory) -> Iterator[Ruling]:
    """The status inside the callback is the polled one, and ``payload_status`` says the same."""
    for job in owed_a_callback(history):
        for delivery in (d for d in job.deliveries if d.stored):
            sent = delivery.fields.get("status")
            told = job.section.payload_status if job.section else None
            expected = {job.final_status, "failed"} if not job.completed else {"completed"}
            if sent in expected and told in expected | {None}:
                yield None
            else:
                yield job.finding(
                    "CBK-14",
                    f"status {job.final_status} in the callback, and payload_status to match",
                    f"status {sent} and payload_status {told}",
                    at=delivery.at,
                    cause=f"sent {sent}, told {told}, polled {job.final_status}",
                )

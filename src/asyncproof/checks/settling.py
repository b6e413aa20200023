"""CBK: how soon after its delivery, and by whose decision, a callback is settled."""

from collections.abc import Iterator

from asyncproof.facts import chosen
from asyncproof.facts.delivery_outcome import is_surely_taken
from asyncproof.facts.owing import unless_absent
from asyncproof.harness.verdict import NotApplicable, Ruling, check
from asyncproof.history.events import Delivered, Polled
from asyncproof.history.history import History, JobRecord

# Seconds. A section is written in milliseconds; a machine under load may take some hundred of them.
SOON = 5.0
# HTTP libraries give up after 30 s or less where anybody set a limit; some wait for ever.
HELD = 40.0


@check("CBK-30", every_job=True)
def callback_section_comes_soon(history: History) -> Iterator[Ruling]:
    """The section is there within seconds of the answer that the delivery got."""
    yield from unless_absent(
        history, _section_comes_soon(history), "no callback section could be timed"
    )


def _section_comes_soon(history: History) -> Iterator[Ruling]:
    interval = chosen.seconds(history, "poll_interval")
    for job in history.accepted:
        shown = next((p for p in job.polls if p.callback and p.callback.status), None)
        settled = _settled_at(job)
        if shown is None or settled is None:
            continue
        late = shown.at - shown.took - settled
        if late - interval <= SOON:
            yield None
        elif not _was_asked(job, settled + SOON, shown.at):
            continue  # it may have been there all the time
        else:
            yield job.finding(
                "CBK-30",
                f"the callback section within {SOON:g} s of the moment when nothing was left to do",
                f"{late:.1f} s later: the job had ended and its callback was answered "
                f"{job.since_submission(settled):.1f} s after submission",
                at=shown.at,
                advice="write `callback` into the job's record as soon as the delivery was "
                "answered; who polls until it is there waits all this time",
                cause="the callback section comes late",
            )


def _was_asked(job: JobRecord, after: float, before: float) -> bool:
    """Whether an answer between these moments still lacked the section. Of answers that were alike
    only the time of all is known: they came at even intervals."""
    alike = (each.at - (each.at - each.since) / each.count for each in job.unchanged if each.count)
    return any(after < at < before for at in (*(poll.at for poll in job.polls), *alike))


def _settled_at(job: JobRecord) -> float | None:
    """When the job had ended and its one delivery was answered 2xx, or was never owed; None where
    the miner may have had more to do: retries, receivers that keep it waiting."""
    if job.terminal is None:
        return None
    if not job.submitted.expects_callback:
        return job.terminal.at
    if not job.deliveries or not all(map(is_surely_taken, job.deliveries)):
        return None
    return max(job.terminal.at, *(d.at for d in job.deliveries))


@check("CBK-31")
def deliveries_end(history: History) -> Iterator[Ruling]:
    """A miner gives a receiver up that never answers."""
    held = [(job, d) for job in history.accepted for d in job.deliveries if _kept_waiting(d)]
    if history.accepted and not held:
        yield NotApplicable(f"no receiver kept the miner waiting for {HELD:g} s")
    for job, attempt in held:
        if attempt.went_away or _told_before(job, attempt):
            yield None
            continue
        yield job.finding(
            "CBK-31",
            "the miner to give up on a receiver that does not answer",
            f"nothing: it was still waiting when our receiver let go after "
            f"{attempt.at - attempt.began:.0f} s",
            at=attempt.at,
            advice="give the whole delivery a time limit of your own (30 s is usual): a receiver "
            "that never answers holds a connection, a task and the callback section for ever",
            cause="a delivery without an end",
        )


def _kept_waiting(attempt: Delivered) -> bool:
    long_enough = attempt.at - attempt.began >= HELD
    return bool(attempt.nemesis) and (attempt.went_away or long_enough)


def _told_before(job: JobRecord, attempt: Delivered) -> bool:
    """Whether the miner had told the end of this delivery while our receiver still held it."""

    def told(poll: Polled) -> bool:
        return poll.callback is not None and bool(poll.callback.status)

    return any(told(p) and attempt.began < p.at < attempt.at for p in job.polls)

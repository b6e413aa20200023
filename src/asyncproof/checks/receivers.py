"""CBK and SEC: what one receiver may do to the callbacks of others, and where secrets may go."""

from collections.abc import Iterator

from asyncproof.facts.delivery_outcome import came_elsewhere
from asyncproof.facts.owing import DELIVERED, EXPIRED, SKIPPED
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Delivered
from asyncproof.history.history import History, JobRecord

# A job that ended this long before the slow receiver let go should have been delivered by then.
MARGIN = 1.0
# The others need about as long as the first one did; it was held for many times that.
TIMES_A_JOB = 3.0
# Words of a miner that has done with a callback that never came, the last of them falsely: CBK-10.
DONE_WITH = frozenset({SKIPPED, EXPIRED, DELIVERED})
NOT_TO_BE_SENT = "no other job completed meanwhile whose callback was still to be sent"


@check("CBK-21")
def slow_receivers_hold_up_nobody_else(history: History) -> Iterator[Ruling]:
    """While one receiver keeps the miner waiting, other jobs end and are delivered."""
    held = next(((j, d) for j in history.accepted for d in j.deliveries if d.nemesis), None)
    if held is None:
        return
    slow, attempt = held
    others = [job for job in history.accepted if job is not slow]
    if any(attempt.began < d.at < attempt.at for job in others for d in job.deliveries):
        yield None
        return
    waiting = _held_up(others, attempt)
    if waiting is not None:
        yield _finding(slow, attempt, waiting)
        return
    needed = TIMES_A_JOB * (attempt.began - slow.submitted.at) + MARGIN
    if attempt.at - attempt.began < needed:
        yield NotApplicable(
            f"the receiver held for {attempt.at - attempt.began:.1f} s only, and a job takes "
            f"{attempt.began - slow.submitted.at:.1f} s"
        )
    elif others:
        others = [job for job in others if not _moved_meanwhile(job, attempt)]
        done = next((job for job in others if _may_be_waiting(history, job)), None)
        yield _finding(slow, attempt, done) if done else NotApplicable(NOT_TO_BE_SENT)


def _may_be_waiting(history: History, job: JobRecord) -> bool:
    """Whether its callback may stand behind the slow one. What fails, hangs, is never to be sent or
    went elsewhere is late for a reason of its own."""
    return job.completed and not _is_done_with(job) and not came_elsewhere(history, job)


def _moved_meanwhile(job: JobRecord, attempt: Delivered) -> bool:
    """Whether the job was worked on all the while, and ended only afterwards: nobody held it up."""
    shown = {p.progress for p in job.polls if attempt.began < p.at < attempt.at} - {None}
    return len(shown) > 1 and job.terminal is not None and job.terminal.at > attempt.at


def _is_done_with(job: JobRecord) -> bool:
    """Whether the miner says that it sends no callback, or has sent it, and none came."""
    return not job.deliveries and job.section is not None and job.section.status in DONE_WITH


def _held_up(others: list[JobRecord], attempt: Delivered) -> JobRecord | None:
    """A job that had ended well before the slow receiver let go, and was delivered only then."""
    for job in others:
        ended = job.terminal.at if job.terminal else attempt.at
        if attempt.began < ended < attempt.at - MARGIN and job.deliveries:
            return job
    return None


def _finding(slow: JobRecord, attempt: Delivered, job: JobRecord) -> Finding:
    held = attempt.at - attempt.began
    when = [f"{d.began - attempt.began:.1f} s" for d in job.deliveries[:1]]
    return job.finding(
        "CBK-21",
        f"a callback while {slow.name}'s receiver was slow ({held:.1f} s)",
        f"no callback of any job; this job's came {when[0]} after the slow one began"
        if when
        else "none",
        at=attempt.at,
        advice="deliver each callback in a task of its own, never in the worker or one by one",
        cause="held up by a slow receiver",
    )


@check("SEC-2", every_job=True)
def redirects_do_not_carry_the_secret_away(history: History) -> Iterator[Ruling]:
    """A redirect to another host is not followed with X-Callback-Secret."""
    leaks = {act.token: act for act in history.nemesis_acts if act.leaked}
    for job in history.accepted:
        if not any(d.answered in range(300, 400) for d in job.deliveries):
            continue
        leak = leaks.get(job.submitted.token)
        if leak is None:
            yield None
        else:
            yield job.finding(
                "SEC-2",
                "the secret at the callback_url's host only",
                leak.act,
                at=leak.at,
                advice="do not follow redirects of callbacks, or drop the header when the host, "
                "port or scheme changes",
                cause="secret sent to another host",
            )

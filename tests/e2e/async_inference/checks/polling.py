"""POL: what the polled status says of a job."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks import liveness
from tests.e2e.async_inference.checks.probes import broke_down
from tests.e2e.async_inference.checks.scheduling import OF_ONE_JOB
from tests.e2e.async_inference.diagnosis import Life
from tests.e2e.async_inference.events import Polled
from tests.e2e.async_inference.protocol import STATUSES, TERMINAL
from tests.e2e.async_inference.quoting import answered
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import NotApplicable, Ruling, check

RANK = {"queued": 0, "processing": 1}
ENDED = 2
SLOW = 1.0  # seconds; an answer from memory takes milliseconds, a busy machine some hundred of them


def own_polls(job: JobRecord) -> list[Polled]:
    """The readable polls that speak of this job, as far as they say of which."""
    return [p for p in job.polls if p.status in STATUSES and p.job_id in (None, job.job_id)]


def rank(poll: Polled) -> int:
    return RANK.get(poll.status or "", ENDED)


def sent_after(poll: Polled, earlier: Polled) -> bool:
    """Whether it was asked when the earlier one was answered: answers may overtake each other."""
    return poll.at - poll.took > earlier.at


def steps_back(job: JobRecord) -> Iterator[tuple[Polled, Polled]]:
    """Each poll that contradicts an earlier one, and that earlier one."""
    furthest: Polled | None = None
    for poll in own_polls(job):
        if furthest is None:
            furthest = poll
            continue
        another_end = rank(poll) == ENDED == rank(furthest) and poll.status != furthest.status
        if (rank(poll) < rank(furthest) or another_end) and sent_after(poll, furthest):
            yield furthest, poll
        elif rank(poll) > rank(furthest):
            furthest = poll


@check("POL-1")
def status_words_are_legal(history: RunHistory) -> Iterator[Ruling]:
    """Every status is one of the five words of the protocol."""
    for job in history.accepted:
        strange = next((p for p in job.polls if p.status and p.status not in STATUSES), None)
        if strange is not None:
            yield job.finding(
                "POL-1",
                f"one of {', '.join(sorted(STATUSES))}",
                repr(strange.status),
                at=strange.at,
                advice="say the nearest of the five words; clients wait for ever on any other",
                cause=f"status {strange.status!r}",
            )
        elif job.polls:
            yield None


@check("POL-11")
def every_poll_is_answered(history: RunHistory) -> Iterator[Ruling]:
    """A poll of an accepted job is answered 200 with a JSON object that can be understood.

    A job about which the miner fell silent for good is LIV-1's.
    """
    for job in history.accepted:
        silent = liveness.unanswered(job) and liveness.diagnosis(job, Life.DEAD)
        asked = [p for p in job.polls if not (silent and p.error)]
        bad = next((p for p in asked if p.error or p.problems or p.status_code != 200), None)
        if bad is not None:
            told = _unreadable(bad)
            yield job.finding(
                "POL-11",
                "200 with a JSON object that can be read",
                told,
                at=bad.at,
                advice=_why_unreadable(bad),
                cause=f"poll answered {OF_ONE_JOB.sub('#', told)[:40]}",
            )
        elif asked:
            yield None


def _unreadable(poll: Polled) -> str:
    if poll.error:
        return poll.error
    if poll.status_code == 200 and poll.problems:
        return f"200, {'; '.join(poll.problems)}"
    return answered(poll.status_code, poll.body)


def _why_unreadable(poll: Polled) -> str:
    if poll.error:
        return "a poll has to wait for the work, or the connection is closed on it"
    if broke_down(poll.status_code):
        return "the status route raises: the miner's log has the exception"
    if poll.status_code != 200:
        return "a job that was accepted is known at once, and stays known when it has ended"
    return "the record is read while it is written, or is no JSON object with the protocol's fields"


@check("POL-2")
def order_never_goes_backwards(history: RunHistory) -> Iterator[Ruling]:
    """A job that was processing is never queued again."""
    for job in history.accepted:
        back = next(((a, b) for a, b in steps_back(job) if rank(a) < ENDED), None)
        if back is not None:
            before, after = back
            yield job.finding(
                "POL-2",
                f"{before.status} or a terminal state, after {before.status} "
                f"{job.since_submission(before.at):.1f} s after submission",
                f"{after.status} {job.since_submission(after.at):.1f} s after submission",
                at=after.at,
                advice="two places write the status, or a job was put back into the queue",
                cause=f"{before.status}, then {after.status}",
            )
        elif own_polls(job):
            yield None


@check("POL-3")
def terminal_is_final(history: RunHistory) -> Iterator[Ruling]:
    """A job that has ended stays as it ended."""
    for job in history.accepted:
        ends = [p for p in own_polls(job) if rank(p) == ENDED]
        changed = next(((a, b) for a, b in steps_back(job) if rank(a) == ENDED), None)
        if changed is not None:
            before, after = changed
            yield job.finding(
                "POL-3",
                f"{before.status} for ever, since it was polled "
                f"{job.since_submission(before.at):.1f} s after submission",
                f"{after.status} {job.since_submission(after.at):.1f} s after submission",
                at=after.at,
                advice="clients stop at the first terminal state; set it when all is done, once",
                cause=f"{before.status}, then {after.status}",
            )
        elif ends:
            yield None


@check("POL-10")
def answers_are_for_the_right_job(history: RunHistory) -> Iterator[Ruling]:
    """The id in a polled status is the id that was asked for."""
    for job in history.accepted:
        wrong = next((p for p in job.polls if p.job_id not in (None, job.job_id)), None)
        if wrong is not None:
            other = history.by_job_id.get(str(wrong.job_id))
            yield job.finding(
                "POL-10",
                f"the status of {job.job_id}",
                f"that of {other.name if other else 'another job'} ({wrong.job_id})",
                at=wrong.at,
                advice="a cache or a variable is shared between requests",
                cause="the status of another job",
            )
        elif job.polls:
            yield None


@check("POL-12")
def failures_are_explained(history: RunHistory) -> Iterator[Ruling]:
    """A job that failed or timed out says why, in ``error``."""
    ended = [job for job in history.accepted if job.final_status in TERMINAL]
    failed = [job for job in ended if not job.completed]
    if not failed and (ended or (history.jobs and not history.accepted)):
        yield NotApplicable("no job failed, not even the one that asks for an unknown LoRA")
    for job in failed:
        last = job.polls[-1]
        if any(p.job_error and p.job_error.strip() for p in job.polls):
            yield None
            continue
        yield job.finding(
            "POL-12",
            f"error: why the job {job.final_status}",
            "no error in the status",
            at=last.at,
            advice="catch the reason where the job fails and keep it in its record",
            cause=f"{job.final_status} without a reason",
        )


@check("POL-13")
def status_answers_quickly(history: RunHistory) -> Iterator[Ruling]:
    """The status is answered within a second, whatever else goes on.

    Judged on half of the jobs, so that a hiccup of a machine is not taken for a defect.
    """
    slowest = {job.name: _slowest(job) for job in history.accepted if job.polls}
    ordered = sorted(slowest, key=lambda name: slowest[name])
    if not ordered:
        return
    median = history.jobs[ordered[(len(ordered) - 1) // 2]]
    took = slowest[median.name]
    if took <= SLOW:
        yield None
        return
    yield median.finding(
        "POL-13",
        f"the status within {SLOW:g} s, also under load",
        f"{took:.1f} s or longer for half of the {len(ordered)} jobs",
        at=median.polls[0].at,
        advice="the status is read behind a lock, or in the thread that draws the pictures",
        cause="slow status",
    )


def _slowest(job: JobRecord) -> float:
    return max([p.took for p in job.polls] + [u.slowest for u in job.unchanged])

"""POL: what the polled status says of a job."""

from collections.abc import Iterator

from asyncproof.facts.answers import broke_down, by_code
from asyncproof.facts.failures import OF_ONE_JOB
from asyncproof.facts.forgotten import FORGOTTEN, forgotten
from asyncproof.facts.health import diagnosis, unanswered
from asyncproof.facts.polls import ENDED, own_polls, rank, steps_back, submission_word
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Polled, Unchanged
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import JobHealth
from asyncproof.text import NO_ANSWER, answered, shown_seconds
from asyncproof.vocabulary import STATUSES, TERMINAL, TOO_MANY

FAIR_WAIT = 5.0  # seconds; a busy network or machine may need as long
NO_HICCUP = 3  # answers in a row
SLOW = 1.0  # seconds; an answer from memory takes milliseconds, a busy machine some hundred of them


@check("POL-1", every_job=True)
def status_words_are_legal(history: History) -> Iterator[Ruling]:
    """Every status is one of the five words of the protocol, or one that the profile knows."""
    dialect = history.started.dialect if history.started else None
    expected = f"one of {', '.join(sorted(STATUSES))}"
    advice = "say the nearest of the five words; clients wait for ever on any other"
    if dialect is not None and dialect.words:
        expected = f"a word that the profile {dialect.name} has in [status.words]"
        advice = "if this is a state of the server, the profile lacks it: say there what it means"
    for job in history.accepted:
        strange = next((p for p in job.polls if p.status and p.status not in STATUSES), None)
        if strange is not None:
            yield job.finding(
                "POL-1",
                expected,
                repr(strange.status),
                at=strange.at,
                advice=advice,
                cause=f"status {strange.status!r}",
            )
        elif job.polls:
            yield None


@check("POL-11", every_job=True)
def every_poll_is_answered(history: History) -> Iterator[Ruling]:
    """A poll of an accepted job is answered 200 with a JSON object that can be understood.

    A job about which the miner fell silent for good is LIV-1's.
    """
    for job in history.accepted:
        silent = unanswered(job) and diagnosis(job, JobHealth.DEAD)
        asked = [p for p in job.polls if not (p.error and (silent or _for_nobody(job, p)))]
        bad = next((p for p in asked if p.error or p.problems or p.status_code != 200), None)
        if bad is not None:
            told = _unreadable(bad)
            yield job.finding(
                "POL-11",
                "200 with a JSON object that can be read",
                told,
                at=bad.at,
                advice=FORGOTTEN if forgotten(job) else _why_unreadable(bad),
                cause=f"poll answered {OF_ONE_JOB.sub('#', told)[:40]}",
            )
        elif asked:
            yield None


def _for_nobody(job: JobRecord, poll: Polled) -> bool:
    """Whether we waited for a moment only: at a last look, or because the time was nearly up.

    Where nothing more comes, that is LIV-1's; what comes late, POL-13's.
    """
    last_look = job.judged_at is not None and poll.at > job.judged_at
    return last_look or (poll.error.startswith(NO_ANSWER) and poll.took < FAIR_WAIT)


def _unreadable(poll: Polled) -> str:
    if poll.error:
        return poll.error
    if poll.status_code == 200 and poll.problems:
        return f"200, {'; '.join(poll.problems)}"
    return answered(poll.status_code, poll.body)


def _why_unreadable(poll: Polled) -> str:
    if poll.error:
        return "a poll has to wait for the work, or the connection is closed on it"
    if poll.status_code == TOO_MANY:
        return "it asks to wait again and again; polls are cheap, so allow at least one a second"
    if advice := by_code(poll.status_code):
        return advice
    if broke_down(poll.status_code):
        return "the status route raises: the miner's log has the exception"
    if poll.status_code != 200:
        return "a job that was accepted is known at once, and stays known when it has ended"
    return "the record is read while it is written, or is no JSON object with the protocol's fields"


@check("POL-2", every_job=True)
def order_never_goes_backwards(history: History) -> Iterator[Ruling]:
    """A job that was processing is never queued again, and the submission's answer counts too."""
    for job in history.accepted:
        polls = own_polls(job)
        if (taken_back := _first_word_taken_back(job, polls)) is not None:
            yield taken_back
            continue
        back = next(((a, b) for a, b in steps_back(polls) if rank(a) < ENDED), None)
        if back is not None:
            before, after = back
            yield job.finding(
                "POL-2",
                f"{before.status} or a terminal state, after {before.status} "
                f"{shown_seconds(job.since_submission(before.at))} after submission",
                f"{after.status} {shown_seconds(job.since_submission(after.at))} after submission",
                at=after.at,
                advice="two places write the status, or a job was put back into the queue",
                cause=f"{before.status}, then {after.status}",
            )
        elif polls:
            yield None


def _first_word_taken_back(job: JobRecord, polls: list[Polled]) -> Finding | None:
    """The answer to the submission is the first status that a client reads."""
    first = submission_word(job)
    back = next(((a, b) for a, b in steps_back(first + polls) if a in first), None)
    if back is None:
        return None
    said, after = back
    return job.finding(
        "POL-2",
        f"{said.status} or what follows it, since the answer to the submission said so",
        f"{after.status} {shown_seconds(job.since_submission(after.at))} after submission",
        at=after.at,
        advice="answer a submission with the status that the job has, `queued` as a rule: a client "
        "that reads a terminal word there asks no more, and fetches a result that does not exist",
        cause=f"submission answered {said.status}",
    )


@check("POL-3", every_job=True)
def terminal_is_final(history: History) -> Iterator[Ruling]:
    """A job that has ended stays as it ended."""
    for job in history.accepted:
        ends = [p for p in own_polls(job) if rank(p) == ENDED]
        changed = next(((a, b) for a, b in steps_back(own_polls(job)) if rank(a) == ENDED), None)
        if changed is not None:
            before, after = changed
            yield job.finding(
                "POL-3",
                f"{before.status} for ever, since it was polled "
                f"{shown_seconds(job.since_submission(before.at))} after submission",
                f"{after.status} {shown_seconds(job.since_submission(after.at))} after submission",
                at=after.at,
                advice="clients stop at the first terminal state; set it when all is done, once",
                cause=f"{before.status}, then {after.status}",
            )
        elif ends:
            yield None


@check("POL-10", every_job=True)
def answers_are_for_the_right_job(history: History) -> Iterator[Ruling]:
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


@check("POL-12", every_job=True)
def failures_are_explained(history: History) -> Iterator[Ruling]:
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
def status_answers_quickly(history: History) -> Iterator[Ruling]:
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


@check("POL-13", every_job=True)
def no_job_is_answered_slowly(history: History) -> Iterator[Ruling]:
    """For no job are the last answers all so late that it is no hiccup of a machine.

    Of those that were waited for: a last look waits for a moment only.
    """
    for job in history.accepted:
        looks: list[Polled | Unchanged] = [*job.polls, *job.unchanged]
        waited = [look for look in sorted(looks, key=lambda look: look.at) if not _in_vain(look)]
        last = waited[-NO_HICCUP:]
        if len(last) < NO_HICCUP:
            continue
        quickest = min(map(_took, last))
        if quickest < FAIR_WAIT:
            yield None
            continue
        yield job.finding(
            "POL-13",
            f"the status within {SLOW:g} s",
            f"each of its last {NO_HICCUP} answers after {quickest:.1f} s or longer",
            at=last[0].at,
            advice="the status of this job is read behind a lock that is held for long",
            cause="slow status of one job",
        )


def _in_vain(look: Polled | Unchanged) -> bool:
    return isinstance(look, Polled) and bool(look.error)


def _took(look: Polled | Unchanged) -> float:
    """Of several equal answers only the slowest is known."""
    if isinstance(look, Polled):
        return look.took
    return look.slowest if look.count == 1 else 0.0

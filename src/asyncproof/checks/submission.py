"""SUB: what a miner owes at the moment of submission."""

from collections import defaultdict
from collections.abc import Iterator

from asyncproof.facts.answers import by_code, of_a_proxy, said, whose_picture
from asyncproof.facts.observer import delay
from asyncproof.facts.sickness import NOBODY_LISTENS, is_gone
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Probed
from asyncproof.history.history import History, JobRecord
from asyncproof.text import quoted
from asyncproof.vocabulary import STATUSES, TAKEN
from asyncproof.workload.special_cases import STATUS_URL


@check("SUB-1", every_job=True)
def every_submission_accepted(history: History) -> Iterator[Ruling]:
    """A valid submission is answered 2xx with the id of the job."""
    for job in history:
        answer = job.answered
        if _repeats_an_id(history, job):
            continue  # which is SUB-14's
        if job.accepted:
            yield None
        elif answer is not None:
            problems = "; ".join(answer.problems)
            told = f"{answer.status_code} {problems or quoted(answer.body)}"
            yield job.finding(
                "SUB-1",
                "200, 201 or 202 with a job_id",
                answer.error or told,
                at=answer.at,
                advice=_why_refused(job),
                cause=f"answered {answer.status_code}",
            )


def _repeats_an_id(history: History, job: JobRecord) -> bool:
    asked = job.submitted.request.get("job_id")
    same = (j for j in history if asked and j.submitted.request.get("job_id") == asked)
    return any(earlier.submitted.at < job.submitted.at for earlier in same)


def _why_refused(job: JobRecord) -> str:
    code = job.answered.status_code if job.answered else None
    if is_gone(job):
        return NOBODY_LISTENS
    if job.told_to_wait:
        waited = sum(told.wait for told in job.told_to_wait)
        times = f"{len(job.told_to_wait)} times, {waited:.0f} s in all"
        return f"it asked to wait {times}, and still did not accept the job"
    if code in TAKEN and job.job_id is None:
        return "name the job in this answer, as `job_id`: without it nobody can ask for the job"
    return by_code(code) or "the request was valid; its body stands in the history (Submitted)"


@check("SUB-18", every_job=True)
def submissions_are_not_redirected(history: History) -> Iterator[Ruling]:
    """The documented path takes the submission itself, and does not send the client elsewhere."""
    for job in history:
        answer = job.answered
        if answer is None or answer.status_code is None:
            continue
        if not answer.redirected_to:
            yield None
            continue
        yield job.finding(
            "SUB-18",
            "an answer from the documented path",
            f"a redirect to {answer.redirected_to}, which answered {answer.status_code}",
            at=answer.at,
            advice="register the route without the slash at its end too: many clients do not send "
            "a body again after a redirect",
            cause="submissions are redirected",
        )


@check("SUB-3", every_job=True)
def job_ids_are_unique(history: History) -> Iterator[Ruling]:
    """No two jobs get the same id, unless the client chose it for both."""
    owners = defaultdict(list)
    for job in history.accepted:
        if job.job_id != job.submitted.request.get("job_id"):
            owners[job.job_id].append(job)
    for job_id, jobs in owners.items():
        if len(jobs) == 1:
            yield None
            continue
        names = ", ".join(job.name for job in jobs)
        yield jobs[-1].finding(
            "SUB-3",
            "an id of its own for each job",
            f"{job_id} for {names}",
            at=jobs[-1].submitted.at,
            advice="the id is made from something that repeats (a clock, a counter per process)",
        )


# A submission that waits for the work takes as long as the work; one that does not is answered in
# milliseconds. In between lie slow networks and busy machines.
QUICK = 1.0
SHARE_OF_THE_JOB = 0.25


@check("SUB-2")
def submissions_are_answered_at_once(history: History) -> Iterator[Ruling]:
    """The answer to a submission does not wait for the work, also when every worker is busy."""
    for job in history.accepted:
        if job.answered is not None and job.terminal is not None:
            yield _late(job, _our_delay(history, job))


def _our_delay(history: History, job: JobRecord) -> float:
    """Seconds from this submission to the last that left while it waited, or by which polls of ours
    left late meanwhile. The jobs that this is asked of leave in one instant, or one after another:
    this program was so late itself, and may have read the answer as late."""
    sent, until = job.submitted.at, job.answered.at if job.answered else job.submitted.at
    left = (other.submitted.at - sent for other in history if sent <= other.submitted.at < until)
    return max((*left, delay(history, sent, until)))


@check("SUB-2", every_job=True)
def no_submission_waits_while_the_miner_answers(history: History) -> Iterator[Ruling]:
    """Whichever test sent it: an answer that comes late, although the miner was heard of meanwhile.

    Then neither the network nor a busy machine held it up; one late answer alone may be a hiccup.
    """
    for job in history.accepted:
        late = _late(job) if job.terminal is not None else None
        if late is None or _heard_meanwhile(history, job):
            yield late


def _late(job: JobRecord, our_delay: float = 0.0) -> Finding | None:
    answer, end = job.answered, job.terminal
    if answer is None or end is None:
        return None
    over = job.since_submission(end.at)
    budget = max(QUICK, SHARE_OF_THE_JOB * over)
    if answer.took <= budget + our_delay:
        return None
    return job.finding(
        "SUB-2",
        f"an answer to the submission within {budget:.2f} s",
        f"one after {answer.took:.2f} s; the job was over after {over:.1f} s",
        at=answer.at,
        advice="put the job into a queue and answer; do not wait for a worker or for the work",
        cause="the submission waits",
    )


# Seconds: what is answered within a part of a second was not held up; what comes this long before
# the late answer came well before it.
PROMPT, WELL_BEFORE = 0.25, 0.5


def _heard_meanwhile(history: History, job: JobRecord) -> bool:
    """Whether the job's own callback, or prompt answers to other polls, came while it waited."""
    if job.answered is None:
        return False
    sent, until = job.answered.at - job.answered.took, job.answered.at - WELL_BEFORE
    others = (other for other in history.accepted if other is not job)
    asked = (poll for other in others for poll in other.polls if poll.took <= PROMPT)
    return any(sent < d.began < until for d in job.deliveries) or any(
        sent < poll.at - poll.took and poll.at < until for poll in asked
    )


@check("SUB-6", every_job=True)
def status_urls_work(history: History) -> Iterator[Ruling]:
    """The status_url of the submission answer leads to the status of that job."""
    if history.accepted and not any(j.answered and j.answered.status_url for j in history):
        yield NotApplicable("no submission answer names a status_url")
    for probe in history.probed(STATUS_URL):
        job = history.jobs.get(probe.tags["job"])
        if job is None or of_a_proxy(probe.status_code):
            continue
        right = probe.job_id in (job.job_id, None)
        if probe.status_code == 200 and right:
            yield None
            continue
        another = probe.status_code == 200
        yield job.finding(
            "SUB-6",
            "status_url in the submission answer to lead to the status of this job",
            f"{probe.path}, "
            + (_status_of(history, probe) if another else f"answered {said(probe)}"),
            at=probe.at,
            advice=SHARED if another else f"status_url {A_URL} that can be polled",
            cause="another job's status" if another else f"answered {probe.status_code}",
        )


SHARED = "the submission answer was built from a variable that requests share"
A_URL = "must be a path of this server, or a whole url,"


def _status_of(history: History, probe: Probed) -> str:
    other = history.by_job_id.get(str(probe.job_id))
    return f"the status of {other.shown if other else f'another job ({probe.job_id})'}"


@check("SUB-7", every_job=True)
def result_urls_work(history: History) -> Iterator[Ruling]:
    """The result_url of the submission answer leads to the picture, once the job is completed."""
    if history.accepted and not any(j.answered and j.answered.result_url for j in history):
        yield NotApplicable("no submission answer names a result_url")
    for job in history.accepted:
        named, known = job.download("result_url"), job.download()
        if named is None or (known is not None and known.file is None):
            continue
        if of_a_proxy(named.status_code):
            continue
        empty = named.file is None or not named.file.size
        if empty:
            got = named.error or f"{named.status_code} without a picture"
        elif known and known.file and named.file and known.file.sha256 != named.file.sha256:
            got = whose_picture(history, named.file)
        else:
            yield None
            continue
        yield job.finding(
            "SUB-7",
            "result_url in the submission answer to lead to the picture of this job",
            f"{named.url}, {got}",
            at=named.at,
            advice=f"result_url {A_URL} to download from" if empty else SHARED,
            cause=got if empty else "another picture",
        )


@check("SUB-12", every_job=True)
def first_status_is_legal(history: History) -> Iterator[Ruling]:
    """The status in a submission answer, if there is one, is a word of the protocol."""
    for job in history.accepted:
        answer = job.answered
        if answer is None or answer.status is None or answer.status in STATUSES:
            yield None
        else:
            yield job.finding(
                "SUB-12",
                f"one of {', '.join(sorted(STATUSES))} in the submission answer",
                repr(answer.status),
                at=answer.at,
                advice="clients read this word with the code that reads polls; `queued` is usual",
                cause=f"status {answer.status!r}",
            )

"""SUB: what a miner owes at the moment of submission."""

from collections import defaultdict
from collections.abc import Iterator

from tests.e2e.async_inference.cases import STATUS_URL
from tests.e2e.async_inference.checks.probes import said, whose_picture
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.protocol import STATUSES
from tests.e2e.async_inference.quoting import quoted
from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import NotApplicable, Ruling, check


@check("SUB-1")
def every_submission_accepted(history: RunHistory) -> Iterator[Ruling]:
    """A valid submission is answered 2xx with the id of the job."""
    for job in history:
        answer = job.answered
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
                advice="the request was valid; its body stands in the history (Submitted)",
                cause=f"answered {answer.status_code}",
            )


@check("SUB-3")
def job_ids_are_unique(history: RunHistory) -> Iterator[Ruling]:
    """No two jobs get the same id."""
    owners = defaultdict(list)
    for job in history.accepted:
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
def submissions_are_answered_at_once(history: RunHistory) -> Iterator[Ruling]:
    """The answer to a submission does not wait for the work, also when every worker is busy."""
    for job in history.accepted:
        answer, end = job.answered, job.terminal
        if answer is None or end is None:
            continue
        budget = max(QUICK, SHARE_OF_THE_JOB * job.since_submission(end.at))
        if answer.took <= budget:
            yield None
            continue
        yield job.finding(
            "SUB-2",
            f"an answer to the submission within {budget:.1f} s",
            f"one after {answer.took:.1f} s; the job was over after "
            f"{job.since_submission(end.at):.1f} s",
            at=answer.at,
            advice="put the job into a queue and answer; do not wait for a worker or for the work",
            cause="the submission waits",
        )


@check("SUB-6")
def status_urls_work(history: RunHistory) -> Iterator[Ruling]:
    """The status_url of the submission answer leads to the status of that job."""
    if history.accepted and not any(j.answered and j.answered.status_url for j in history):
        yield NotApplicable("no submission answer names a status_url")
    for probe in history.probed(STATUS_URL):
        job = history.jobs[probe.tags["job"]]
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


def _status_of(history: RunHistory, probe: Probed) -> str:
    other = history.by_job_id.get(str(probe.job_id))
    return f"the status of {other.shown if other else f'another job ({probe.job_id})'}"


@check("SUB-7")
def result_urls_work(history: RunHistory) -> Iterator[Ruling]:
    """The result_url of the submission answer leads to the picture, once the job is completed."""
    if history.accepted and not any(j.answered and j.answered.result_url for j in history):
        yield NotApplicable("no submission answer names a result_url")
    for job in history.accepted:
        named, known = job.download("result_url"), job.download()
        if named is None or (known is not None and known.file is None):
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


@check("SUB-12")
def first_status_is_legal(history: RunHistory) -> Iterator[Ruling]:
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

"""SUB: what a miner owes at the moment of submission."""

from collections import defaultdict
from collections.abc import Iterator

from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Ruling, check


@check("SUB-1")
def every_submission_accepted(history: RunHistory) -> Iterator[Ruling]:
    """A valid submission is answered 2xx with the id of the job."""
    for job in history:
        answer = job.answered
        if job.accepted:
            yield None
        elif answer is not None:
            said = answer.error or f"{answer.status_code} {'; '.join(answer.problems)}"
            yield job.finding(
                "SUB-1",
                "200, 201 or 202 with a job_id",
                f"{said} {answer.body[:120]!r}".strip(),
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

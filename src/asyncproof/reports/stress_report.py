"""The block that the stress tests print: what became of the pictures."""

from collections.abc import Iterator, Mapping

from asyncproof.facts.damage import broken_rule, doubt
from asyncproof.facts.pictures import pictures
from asyncproof.history.history import History, JobRecord

RULE = "=" * 80
DOUBTFUL = "IMAGES THAT LOOK DAMAGED (one look can err; drawn again at the end of the run)"


def stress_report(history: History) -> str:
    """Five counts and the list of damaged pictures, by job."""
    jobs = list(history)
    reasons = {job.name: picture_reason(history, job) for job in jobs}
    invalid = {name: reason for name, reason in reasons.items() if reason}
    completed = sum(job.completed for job in jobs)
    pictured = sum(reason is not None for reason in reasons.values())
    return block(len(jobs), completed, pictured, invalid, doubts(history))


def block(
    jobs: int, completed: int, pictured: int, invalid: Mapping[str, str], doubted: Mapping[str, str]
) -> str:
    """The same from counts: of ``jobs``, so many have a picture that was looked at; ``invalid`` and
    ``doubted`` say why, by job."""
    counts = [
        ("Total jobs", jobs),
        ("Completed", completed),
        ("Valid images", pictured - len(invalid)),
        ("Invalid/incomplete images", len(invalid)),
        ("No images", jobs - pictured),
    ]
    told = [*_list("INVALID IMAGES DETECTED", invalid), *_list(DOUBTFUL, doubted)]
    return "\n".join(["STRESS TEST RESULTS", RULE, "", *_counts(counts), *told, ""])


def doubts(history: History) -> dict[str, str]:
    """What looks damaged and is not proven to be, by job."""
    looks = ((job.name, doubt(history, job, p)) for job in history for _, p, _ in pictures(job))
    return {name: told for name, told in looks if told}


def picture_reason(history: History, job: JobRecord) -> str | None:
    """Why a picture of the job is damaged; empty where it is whole, None where there is none."""
    reasons = [broken_rule(history, job, picture) for _, picture, _ in pictures(job)]
    return next((r for r in reasons if r), next((r for r in reasons if r is not None), None))


def _counts(counts: list[tuple[str, int]]) -> Iterator[str]:
    yield from (f"{name}: {count}" for name, count in counts)


def _list(title: str, told: Mapping[str, str]) -> Iterator[str]:
    if told:
        yield ""
        yield f"{title}:"
        yield from (f"  - {name}: {reason}" for name, reason in told.items())

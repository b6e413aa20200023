"""The block that the stress tests print: what became of the pictures."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks.images import broken_rule, pictures
from tests.e2e.async_inference.run_history import JobRecord, RunHistory

RULE = "=" * 80


def stress_report(history: RunHistory) -> str:
    """Five counts and the list of damaged pictures, by job."""
    jobs = list(history)
    reasons = {job.name: _reason(history, job) for job in jobs}
    invalid = {name: reason for name, reason in reasons.items() if reason}
    valid = sum(reason == "" for reason in reasons.values())
    counts = [
        ("Total jobs", len(jobs)),
        ("Completed", sum(job.completed for job in jobs)),
        ("Valid images", valid),
        ("Invalid/incomplete images", len(invalid)),
        ("No images", len(jobs) - valid - len(invalid)),
    ]
    return "\n".join(["STRESS TEST RESULTS", RULE, "", *_counts(counts), *_list(invalid), ""])


def _reason(history: RunHistory, job: JobRecord) -> str | None:
    """Why a picture of the job is damaged; empty where it is whole, None where there is none."""
    reasons = [broken_rule(history, job, picture) for _, picture, _ in pictures(job)]
    return next((r for r in reasons if r), next((r for r in reasons if r is not None), None))


def _counts(counts: list[tuple[str, int]]) -> Iterator[str]:
    yield from (f"{name}: {count}" for name, count in counts)


def _list(invalid: dict[str, str]) -> Iterator[str]:
    if invalid:
        yield ""
        yield "INVALID IMAGES DETECTED:"
        yield from (f"  - {name}: {reason}" for name, reason in invalid.items())

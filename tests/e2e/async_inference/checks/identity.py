"""IDN: each job gets its own picture."""

from collections import defaultdict
from collections.abc import Iterator

from tests.e2e.async_inference.checks.images import pictures
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Ruling, check


@check("IDN-1")
def different_requests_different_pictures(history: RunHistory) -> Iterator[Ruling]:
    """Two jobs that ask for different pictures never get the same file."""
    owners: dict[str, JobRecord] = {}
    seen = defaultdict[str, set[str]](set)
    for job in history.accepted:
        for source, picture, at in pictures(job):
            owner = owners.setdefault(picture.sha256, job)
            if owner.name == job.name or owner.recipe == job.recipe:
                yield None
            elif owner.name not in seen[job.name]:
                seen[job.name].add(owner.name)
                yield job.finding(
                    "IDN-1",
                    "its own picture",
                    f"the picture of {owner.name} ({owner.job_id}) in the {source}",
                    at=at,
                    advice="a buffer or file name is shared between jobs, or the result is cached",
                    cause="the picture of another job",
                )

"""Quiet twins: which pictures of a scenario to lay beside which. Pure planning over histories."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.async_inference.events import File
from tests.e2e.async_inference.run_history import QUIET, JobRecord, Recipe, RunHistory
from tests.e2e.async_inference.scenario import Job, Scenario, one_after_another

MAX_OTHERS = 8  # pictures of other jobs that are looked for in a damaged one


def in_quiet(jobs: list[Job]) -> Scenario:
    """Each job twice, one after another, so that each request has its quiet twin."""
    return one_after_another([job.tagged(load=QUIET) for job in jobs for _ in range(2)])


@dataclass(frozen=True, slots=True)
class Comparison:
    """A picture, its twin, and what may have got into it, likeliest first, with its label."""

    picture: File
    twin: File
    others: tuple[tuple[str, File], ...]


def is_quiet(job: JobRecord) -> bool:
    return job.tags.get("load") == QUIET


def quiet_pairs(history: RunHistory) -> list[tuple[File, File]]:
    """Pictures of the same request, made twice in quiet."""
    pictures = history.quiet.values()
    return [(first, other) for first, *rest in pictures for other in rest[:1]]


def comparisons(scenario: RunHistory) -> Iterator[Comparison]:
    """What to compare of a scenario: pictures that are not their twin's file to the byte."""
    twins = scenario.quiet
    jobs = [job for job in scenario if not is_quiet(job)]
    for position, job in enumerate(jobs):
        known = twins.get(job.recipe, [])
        digests = {twin.sha256 for twin in known}
        for picture in {p.sha256: p for p in job.pictures()}.values() if known else ():
            if picture.sha256 not in digests:
                yield Comparison(picture, known[0], _others(job, jobs[:position][::-1], twins))


def _others(
    job: JobRecord, earlier: list[JobRecord], twins: dict[Recipe, list[File]]
) -> tuple[tuple[str, File], ...]:
    """What the jobs before it asked for, the nearest first, then what else was made in quiet."""
    found: dict[Recipe, tuple[str, File]] = {}
    for other in earlier:
        if other.recipe != job.recipe and other.recipe in twins:
            found.setdefault(other.recipe, (other.name, twins[other.recipe][0]))
    for recipe, pictures in twins.items():
        if recipe != job.recipe:
            found.setdefault(recipe, ("the picture of another request", pictures[0]))
    return tuple(found.values())[:MAX_OTHERS]

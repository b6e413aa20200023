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
    for job in jobs:
        known = twins.get(job.recipe, [])
        digests = {twin.sha256 for twin in known}
        for picture in {p.sha256: p for p in job.pictures()}.values() if known else ():
            if picture.sha256 not in digests:
                yield Comparison(picture, known[0], _others(job, jobs, scenario))


def _others(
    job: JobRecord, jobs: list[JobRecord], scenario: RunHistory
) -> tuple[tuple[str, File], ...]:
    """What the jobs before it asked for, the nearest first, then those that came while it was in
    the works, then what else was made in quiet. Each is called by the job that asked for it."""
    at = jobs.index(job)
    end = job.terminal.at if job.terminal else float("inf")
    beside = [other for other in jobs[at + 1 :] if other.submitted.at < end]
    found: dict[Recipe, tuple[str, File]] = {}
    for other in (*reversed(jobs[:at]), *beside, *scenario.quiet_jobs.values()):
        if other.recipe != job.recipe and other.recipe in scenario.quiet:
            picture = scenario.quiet[other.recipe][0]
            found.setdefault(other.recipe, (_called(other, job), picture))
    return tuple(found.values())[:MAX_OTHERS]


def _called(other: JobRecord, job: JobRecord) -> str:
    """Completes the sentence "rows 5–9 show …" about the picture of ``job``."""
    if other.recipe[:-1] != job.recipe[:-1]:
        return other.shown
    lora = other.submitted.request.get("lora_path")
    return f"the look of {f'LoRA {lora}' if lora else 'no LoRA'}, as {other.shown} has it"

"""Which pictures of a scenario to compare with which idle reference. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from asyncproof.facts import damage
from asyncproof.facts.damage import idle_references
from asyncproof.facts.equal_requests import (
    drawn_file,
    lora,
    same_but_lora,
    without_reference,
)
from asyncproof.history.events import File
from asyncproof.history.history import LOAD, QUIET, History, JobRecord, Recipe
from asyncproof.workload.scenario import CallbackTo, Job, Scenario, one_after_another

MAX_WITHOUT_REFERENCE = 24  # pairs of one scenario
MAX_OTHERS = 8  # pictures of other jobs that are looked for in a damaged one


def idle(jobs: list[Job]) -> list[Job]:
    """The jobs, marked as those that have the miner for themselves."""
    return [job.tagged(**{LOAD: QUIET}) for job in jobs]


def in_quiet(jobs: list[Job]) -> Scenario:
    """Each job twice, one after another, so that each request has its idle reference: once with a
    callback url of its own and once with the plain one."""
    ways = (CallbackTo.OWN_URL, CallbackTo.PLAIN_URL)
    return one_after_another(idle([replace(job, callback=way) for job in jobs for way in ways]))


@dataclass(frozen=True, slots=True)
class PlannedComparison:
    """A picture, its reference, and what may have got into it, likeliest first, with its label.

    ``teaches``: whether both were asked for alike, so that the pair shows how far pictures drift.
    """

    picture: File
    reference: File
    others: tuple[tuple[str, File], ...] = ()
    teaches: bool = True

    @property
    def pair(self) -> tuple[str, str]:
        """The SHA-256 of both."""
        return self.picture.sha256, self.reference.sha256


def quiet_pairs(history: History) -> list[tuple[File, File]]:
    """Pictures of the same request, made twice in quiet."""
    pictures = (idle_references(history, recipe) for recipe in history.quiet)
    return [(first, other) for first, *rest in pictures for other in rest[:1]]


def between_references(history: History) -> Iterator[PlannedComparison]:
    """Pictures that one request gave in quiet, each beside the first one."""
    for first, *others in history.quiet.values():
        for other in {file.sha256: file for file in others}.values():
            if other.sha256 != first.sha256:
                yield PlannedComparison(other, first, teaches=False)


def in_dispute(history: History) -> Iterator[PlannedComparison]:
    """Where these are not the same, all pictures of the request beside each of them: those that
    more pictures agree with are right."""
    disputed = {r: refs for r, refs in history.quiet.items() if damage.in_dispute(history, refs)}
    for job in history if disputed else ():
        for picture in {file.sha256: file for file in job.pictures()}.values():
            for reference in disputed.get(job.recipe, ()):
                if picture.sha256 != reference.sha256:
                    yield PlannedComparison(picture, reference, teaches=False)


def comparisons(scenario: History) -> Iterator[PlannedComparison]:
    """What to compare of a scenario: pictures that are not their reference's file to the byte; and
    where files of equal requests never are, pictures that have no reference."""
    yield from beside_references(scenario)
    if not _is_exact(scenario):
        yield from _without_references(scenario)


def beside_references(scenario: History) -> Iterator[PlannedComparison]:
    """Pictures that are not the file of their idle reference to the byte."""
    jobs = list(scenario)
    for job in jobs:
        known = idle_references(scenario, job.recipe)
        digests = {reference.sha256 for reference in known}
        for picture in {p.sha256: p for p in job.pictures()}.values() if known else ():
            if picture.sha256 not in digests:
                yield PlannedComparison(picture, known[0], _others(job, jobs, scenario))


def between_equal_requests(history: History) -> Iterator[PlannedComparison]:
    """Pictures of requests that were made more than once and never in quiet, each beside the first
    one of its request."""
    for first, *others in without_reference(history):
        reference = drawn_file(first)
        for other in others:
            picture = drawn_file(other)
            if picture and reference and picture.sha256 != reference.sha256:
                yield PlannedComparison(picture, reference)


def with_another_prompt(history: History) -> Iterator[PlannedComparison]:
    """Where files of equal requests are never equal: pictures beside those made in quiet for a
    request that differs in the prompt alone."""
    if _is_exact(history):
        return
    for job in history:
        picture = drawn_file(job)
        if picture is None:
            continue
        for recipe, (reference, *_) in history.quiet.items():
            if recipe != job.recipe and recipe[1:] == job.recipe[1:]:
                yield PlannedComparison(picture, reference, teaches=False)


def _is_exact(scenario: History) -> bool:
    """Whether equal requests gave equal files in quiet, so that nothing else need be compared."""
    return all(len({twin.sha256 for twin in known}) == 1 for known in scenario.quiet.values())


def _without_references(scenario: History) -> Iterator[PlannedComparison]:
    """Pictures of requests that are equal and have no reference, or that differ in one thing: the
    LoRA, or the prompt."""
    jobs = [(job, file) for job in scenario if (file := drawn_file(job))]
    found = 0
    for n, (job, picture) in enumerate(jobs):
        for other, its in jobs[:n]:
            again = job.recipe == other.recipe and job.recipe not in scenario.quiet
            styled = same_but_lora(job, other) and lora(job) != lora(other)
            worded = job.recipe != other.recipe and job.recipe[1:] == other.recipe[1:]
            equal = picture.sha256 == its.sha256
            if (again or styled or worded) and not equal and found < MAX_WITHOUT_REFERENCE:
                found += 1
                yield PlannedComparison(picture, its, teaches=again)


def _others(
    job: JobRecord, jobs: list[JobRecord], scenario: History
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

"""Two or more runs beside each other: what broke, what was mended, what became slower. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.facts.shift import Shift, shift
from asyncproof.history.history import RECIPE, Recipe
from asyncproof.reports.past_run import KeptPicture, PastRun

STAGES = ("accept", "queue", "work", "callback")


class Change(StrEnum):
    """What became of a broken clause from the first run to the last."""

    NEW = "new"
    STILL = "still there"
    GONE = "gone"
    PASSING = "in between only"
    UNKNOWN = "not judged any more"


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause that some run found broken. ``counts`` are its findings run by run, None where it
    was not judged; ``example`` is the latest finding."""

    clause: str
    level: str
    change: Change
    counts: tuple[int | None, ...]
    example: str


@dataclass(frozen=True, slots=True)
class StageChange:
    """How a stage of the jobs of a later run differs from the first. ``shift`` is None where one
    of them has too few jobs; ``medians`` are in seconds."""

    stage: str
    run: str
    medians: tuple[float, float]
    jobs: tuple[int, int]
    shift: Shift | None


@dataclass(frozen=True, slots=True)
class PictureChange:
    """A request that got other pictures in a later run than in the first."""

    request: str
    run: str
    before: tuple[KeptPicture, ...]
    after: tuple[KeptPicture, ...]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Runs in the order given; the first is what the others are compared with. ``same_pictures``
    counts the requests that got the same picture again."""

    runs: tuple[PastRun, ...]
    clauses: tuple[ClauseChange, ...]
    stages: tuple[StageChange, ...]
    pictures: tuple[PictureChange, ...]
    same_pictures: int

    @property
    def is_worse(self) -> bool:
        """Whether the last run found a clause broken that the first did not."""
        return any(each.change is Change.NEW for each in self.clauses)


def compare(runs: Sequence[PastRun]) -> RunComparison:
    """At least two runs."""
    clauses = sorted({clause for run in runs for clause in run.broken})
    order = list(Change)
    changes = sorted(
        (_clause(clause, runs) for clause in clauses), key=lambda each: order.index(each.change)
    )
    later = runs[1:]
    pictures = [each for run in later for each in _changed_pictures(runs[0], run)]
    common = sum(len(runs[0].pictures.keys() & run.pictures.keys()) for run in later)
    stages = [each for run in later for each in _stages(runs[0], run)]
    return RunComparison(
        tuple(runs), tuple(changes), tuple(stages), tuple(pictures), common - len(pictures)
    )


def _clause(clause: str, runs: Sequence[PastRun]) -> ClauseChange:
    counts = tuple(
        run.broken.get(clause, 0) if run.judged.get(clause) or clause in run.broken else None
        for run in runs
    )
    latest = next(run for run in reversed(runs) if clause in run.broken)
    level = latest.levels.get(clause, "")
    example = latest.examples.get(clause, "")
    return ClauseChange(clause, level, _change(counts), counts, example)


def _change(counts: Sequence[int | None]) -> Change:
    first, last = counts[0], counts[-1]
    if last:
        return Change.STILL if first else Change.NEW
    if last is None:
        return Change.UNKNOWN
    return Change.GONE if first else Change.PASSING


def _stages(first: PastRun, later: PastRun) -> Iterator[StageChange]:
    for stage in STAGES:
        before, after = first.seconds.get(stage, ()), later.seconds.get(stage, ())
        if before and after:
            medians = (before[len(before) // 2], after[len(after) // 2])
            jobs = (len(before), len(after))
            yield StageChange(stage, later.name, medians, jobs, shift(before, after))


def _changed_pictures(first: PastRun, later: PastRun) -> Iterator[PictureChange]:
    for recipe, before in first.pictures.items():
        after = later.pictures.get(recipe, ())
        if after and {sha for sha, _ in before}.isdisjoint(sha for sha, _ in after):
            yield PictureChange(_told(recipe), later.name, before, after)


def _told(recipe: Recipe) -> str:
    named = zip(RECIPE, recipe, strict=True)
    return ", ".join(f"{name} {value}" for name, value in named if value != "None")

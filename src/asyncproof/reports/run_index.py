"""Many runs as rows: their verdicts and times, and the clauses that break now and then. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from asyncproof.reports.past_run import PastRun

TREND = "work"  # the stage whose p95 is drawn run by run


@dataclass(frozen=True, slots=True)
class FlakyClause:
    """A clause that some runs against a target found broken, and others judged and did not."""

    clause: str
    target: str
    broken: int
    judged: int


@dataclass(frozen=True, slots=True)
class RunIndex:
    """Runs, the latest first."""

    runs: tuple[PastRun, ...]
    flaky: tuple[FlakyClause, ...]


def run_index(runs: Sequence[PastRun]) -> RunIndex:
    """Names of runs begin with their time, so they sort."""
    latest_first = sorted(runs, key=lambda run: (run.began or 0.0, run.name), reverse=True)
    return RunIndex(tuple(latest_first), tuple(_flaky(runs)))


def _flaky(runs: Sequence[PastRun]) -> Iterator[FlakyClause]:
    judged, broken = defaultdict[tuple[str, str], int](int), defaultdict[tuple[str, str], int](int)
    for run in runs:
        for clause, count in run.judged.items():
            judged[clause, run.target] += count > 0
            broken[clause, run.target] += clause in run.broken
    for (clause, target), count in sorted(broken.items()):
        if 0 < count < judged[clause, target]:
            yield FlakyClause(clause, target, count, judged[clause, target])


def date_of(run: PastRun) -> str:
    """When it began, in UTC; empty where that is not known."""
    return f"{datetime.fromtimestamp(run.began, UTC):%Y-%m-%d %H:%M}" if run.began else ""


def p95(run: PastRun, stage: str = TREND) -> float | None:
    """In seconds."""
    return run.percentiles.get(stage, {}).get("p95")


def row(run: PastRun) -> tuple[str, ...]:
    """Name, date, verdict, broken clauses, jobs, p95 of work, target, as text."""
    seconds = p95(run)
    return (
        run.name,
        date_of(run),
        run.outcome,
        ", ".join(sorted(run.broken)),
        str(run.jobs),
        "" if seconds is None else f"{seconds:.3f} s",
        run.target,
    )


def lines(found: RunIndex) -> Iterator[str]:
    """For people, at a terminal."""
    for run in found.runs:
        name, date, outcome, broken, jobs, seconds, target = row(run)
        times = f", p95 of work {seconds}" if seconds else ""
        yield f"{name}  {date}  {outcome:<12} {jobs} jobs{times}, {target}  {broken}".rstrip()
    for each in found.flaky:
        yield f"FLAKY {each.clause}: {flaky_told(each)}"


def flaky_told(each: FlakyClause) -> str:
    return f"broken in {each.broken} of {each.judged} runs that judged it, against {each.target}"


def as_data(found: RunIndex) -> dict[str, Any]:
    """For programs."""
    return {
        "runs": [
            {
                "name": run.name,
                "began": run.began,
                "outcome": run.outcome,
                "target": run.target,
                "jobs": run.jobs,
                "broken": dict(run.broken),
                "timings": {stage: dict(times) for stage, times in run.percentiles.items()},
            }
            for run in found.runs
        ],
        "flaky": [asdict(each) for each in found.flaky],
    }

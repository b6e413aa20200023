"""A comparison of runs as lines for a terminal, as Markdown, and as data for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from asyncproof.reports.comparison import ClauseChange, RunComparison, StageChange

NOT_SEEN = "no difference to be seen"
TOO_FEW = "too few jobs to tell"


def shift_told(stage: StageChange) -> str:
    """The shift in words, with its interval."""
    if stage.shift is None:
        return TOO_FEW
    found = stage.shift
    interval = f"95 % confidence: {found.low:+.3f} to {found.high:+.3f} s"
    if not found.is_seen:
        return f"{NOT_SEEN} ({interval})"
    how = "slower" if found.middle > 0 else "faster"
    return f"{abs(found.middle):.3f} s {how} ({interval})"


def counts_told(change: ClauseChange) -> str:
    """Findings run by run: ``0 → 3 → -``, where a dash stands for a run that did not judge it."""
    return " → ".join("-" if count is None else str(count) for count in change.counts)


def pictures_told(found: RunComparison) -> str:
    """How many pictures changed, in one line."""
    compared = found.same_pictures + len(found.pictures)
    if not compared:
        return "no request is the same in both (the same --seed repeats the requests of a run)"
    return f"{len(found.pictures)} of {compared} equal requests got another picture"


def lines(found: RunComparison) -> Iterator[str]:
    """For people, at a terminal."""
    for run in found.runs:
        yield f"{run.name}: {run.outcome}, {run.jobs} jobs, {run.target}"
    yield ""
    for change in found.clauses:
        yield f"{change.change:<19} {change.clause:<7} {counts_told(change)}  {change.example}"
    if not found.clauses:
        yield "No run found anything broken"
    if found.stages:
        yield ""
    for stage in found.stages:
        before, after = stage.medians
        times = f"median {before:.3f} → {after:.3f} s"
        yield f"{stage.stage:<9} {times}, {shift_told(stage)}, in {stage.run}"
    yield ""
    yield f"Pictures: {pictures_told(found)}"
    for picture in found.pictures:
        paths = f"{picture.before[0][1]} → {picture.after[0][1]}"
        yield f"  {picture.request}: {paths}, in {picture.run}"


def markdown(found: RunComparison) -> Iterator[str]:
    """For a pull request or a ticket."""
    yield from table(
        ("run", "verdict", "jobs", "target"),
        [(run.name, run.outcome, str(run.jobs), run.target) for run in found.runs],
    )
    yield "\n**Findings**\n"
    rows = [(str(c.change), c.clause, counts_told(c), c.example) for c in found.clauses]
    told = table(("", "clause", "findings", "example"), rows)
    yield from told if rows else ["No run found anything broken."]
    yield "\n**Times**\n"
    times = [
        (s.stage, s.run, f"{s.medians[0]:.3f} → {s.medians[1]:.3f} s", shift_told(s))
        for s in found.stages
    ]
    yield from table(("stage", "run", "median", "difference"), times)
    yield f"\n**Pictures**: {pictures_told(found)}."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(_cell(text) for text in row) + " |"


def _cell(text: str) -> str:
    """Text of a miner must not end a cell, or become markup."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.replace("`", "'").split())


def as_data(found: RunComparison) -> dict[str, Any]:
    """For programs."""
    return {
        "runs": [
            {"name": r.name, "outcome": r.outcome, "jobs": r.jobs, "target": r.target}
            for r in found.runs
        ],
        "worse": found.is_worse,
        "clauses": [asdict(each) for each in found.clauses],
        "times": [{**asdict(each), "told": shift_told(each)} for each in found.stages],
        "pictures": [asdict(each) for each in found.pictures],
        "same_pictures": found.same_pictures,
    }

"""A run of the past, as comparisons and the index of runs need it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncproof.facts import timings
from asyncproof.history.history import History, Recipe

KeptPicture = tuple[str, str]  # SHA-256, path below the run's folder


@dataclass(frozen=True, slots=True)
class PastRun:
    """What a verdict, and the history beside it, say of a run.

    ``judged`` and ``broken`` are counts by clause, ``examples`` and ``levels`` of the findings
    likewise. ``seconds`` are the durations by stage, and ``pictures`` by request; both are empty
    where there is no history. ``percentiles`` are by stage and name (``p95``), in seconds.
    """

    name: str
    outcome: str
    target: str = ""
    began: float | None = None
    jobs: int = 0
    judged: Mapping[str, int] = field(default_factory=dict)
    broken: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    percentiles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    pictures: Mapping[Recipe, tuple[KeptPicture, ...]] = field(default_factory=dict)


def past_run(name: str, verdict: Mapping[str, Any], history: History | None = None) -> PastRun:
    """From the content of ``verdict.json``, and from the history where there is one.

    Raises:
        KeyError, TypeError, AttributeError: it is not the content of such a file.
    """
    told = [*verdict["findings"], *verdict.get("echoes", ())]
    clauses = verdict["clauses"]
    began, jobs, times = verdict.get("began"), verdict.get("jobs", 0), verdict.get("timings", {})
    if history is not None:
        began = history.started.wall if history.started else began
        jobs, times = len(history.jobs), timings.as_data(history)
    return PastRun(
        name,
        str(verdict["outcome"]),
        str(verdict.get("target", "")),
        began,
        int(jobs),
        {clause: int(count["judged"]) for clause, count in clauses.items()},
        {clause: int(count["broken"]) for clause, count in clauses.items() if count["broken"]},
        {finding["clause"]: str(finding["text"]) for finding in reversed(told)},
        {finding["clause"]: str(finding["level"]) for finding in reversed(told)},
        times,
        {stage.name: stage.seconds for stage in timings.stage_times(history)} if history else {},
        _pictures(history) if history else {},
    )


def _pictures(history: History) -> dict[Recipe, tuple[KeptPicture, ...]]:
    """By what was asked for. Pictures that were made in quiet stand for their request, where there
    are any: what load did to others is a finding, not a change."""
    found = dict[Recipe, dict[str, str]]()
    quiet = {job.recipe for job in history if job.is_idle}
    for job in history:
        if job.submitted.request.get("seed") is None:
            continue
        if job.recipe in quiet and not job.is_idle:
            continue
        for picture in job.pictures():
            found.setdefault(job.recipe, {}).setdefault(picture.sha256, picture.path)
    return {recipe: tuple(pictures.items()) for recipe, pictures in found.items()}

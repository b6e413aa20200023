"""Old evidence judged again: the same checks on the same scenarios, from the history file alone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from asyncproof.checks import BY_NAME
from asyncproof.facts.applicable import applicable
from asyncproof.facts.causes import PRIORITY, explained
from asyncproof.facts.observer import without_weak
from asyncproof.harness.torn import without_doubtful
from asyncproof.harness.verdict import CheckResult, Level, Verdict, judge
from asyncproof.history.build import build, of_jobs, split
from asyncproof.history.events import (
    AsyncEvent,
    Delivered,
    Judged,
    RunEnded,
    RunStarted,
    ScenarioStarted,
    Submitted,
    reader,
)
from asyncproof.history.history import History
from asyncproof.run.late_checks import WHOLE_RUN, judged_as_a_whole, told_once

# Checks that have another name in older histories.
FORMER_NAMES = {"pictures_equal_their_quiet_twins": "pictures_equal_their_idle_references"}


def rejudge(path: Path, levels: Mapping[str, Level], *, strict: bool = False) -> Verdict:
    """The verdict on the run whose history lies at ``path``.

    Raises:
        HistoryError: there is no such history, or nothing in the file is part of one.
    """
    history = reader.salvage(path)
    if not history.torn:
        return verdict_of(history.events, levels, strict=strict)
    verdict = verdict_of(of_known_jobs(history.events), levels, strict=strict)
    before = verdict_of(history.before, levels, strict=strict)
    return without_doubtful(verdict, before, history.problem)


def of_known_jobs(events: Iterable[AsyncEvent]) -> list[AsyncEvent]:
    """Without what belongs to a job whose submission cannot be read: nothing of it can be judged,
    and its callback would pass for one that belongs to no job."""
    events = list(events)
    submitted = [event for event in events if isinstance(event, Submitted)]
    names, tokens = {job.job for job in submitted}, {job.token for job in submitted}
    return [
        event
        for event in events
        if getattr(event, "job", None) in {None, *names}
        if not isinstance(event, Delivered) or event.token in tokens
    ]


def verdict_of(
    events: Iterable[AsyncEvent], levels: Mapping[str, Level], *, strict: bool = False
) -> Verdict:
    """Judge each scenario by the checks that judged it then, and the whole run as a run does.

    Checks that are gone are left out.
    """
    events = list(events)
    levels = {**levels, **_of_the_dialect(events)}
    results = list[CheckResult]()
    judged = [(n, e) for n, e in enumerate(events) if isinstance(e, Judged)]
    for position, event in judged:
        if event.scenario != WHOLE_RUN:
            results += told_once(_again(events[:position], event, levels), results)
    results += _as_a_whole(events, [event for _, event in judged], results, levels)
    ended = next((e for e in events if isinstance(e, RunEnded)), None)
    incomplete = ended.incomplete if ended else "the history ends in the middle of the run"
    told = explained(results, build(events))
    return Verdict(told, levels, strict, incomplete, priority=PRIORITY)


def _again(
    events: list[AsyncEvent], judged: Judged, levels: Mapping[str, Level]
) -> tuple[CheckResult, ...]:
    """What was judged then is what had happened by then; what came later is for the last one."""
    checks = [BY_NAME[name] for name in _now_called(judged.checks) if name in BY_NAME]
    parts = split(events)[1]
    scenario = of_jobs(parts, judged.jobs) if judged.jobs else _called(judged.scenario, parts)
    if scenario is None:  # the line of its beginning cannot be read
        return ()
    checks = applicable(checks, scenario)
    results = judge(scenario, checks, levels=levels, scenario=judged.scenario).results
    return tuple(without_weak(result, scenario) for result in results)


def _called(name: str, parts: Sequence[History]) -> History | None:
    """The last scenario of this name."""
    named = (part for part in reversed(parts) if part.scenario)
    return next((part for part in named if part.scenario and part.scenario.name == name), None)


def _as_a_whole(
    events: list[AsyncEvent],
    judged: list[Judged],
    results: list[CheckResult],
    levels: Mapping[str, Level],
) -> list[CheckResult]:
    """By the checks that were chosen then; by all where the run did not get as far as choosing."""
    if not judged:
        return []
    told = [finding for result in results for finding in result.findings]
    chosen = next((e.checks for e in reversed(judged) if e.scenario == WHOLE_RUN), None)
    if chosen is None or not _says_what_it_provokes(events):
        chosen = tuple(BY_NAME)
    whole = judged_as_a_whole(events, levels, told)
    return [result for result in whole if result.check in _now_called(chosen)]


def _of_the_dialect(events: Iterable[AsyncEvent]) -> dict[str, Level]:
    """The levels that differ for servers of the kind that was tested."""
    started = next((e for e in events if isinstance(e, RunStarted)), None)
    spoken = started.dialect if started else None
    return {clause: Level(level) for clause, level in spoken.levels.items()} if spoken else {}


def _now_called(checks: Iterable[str]) -> list[str]:
    return [FORMER_NAMES.get(name, name) for name in checks]


def _says_what_it_provokes(events: list[AsyncEvent]) -> bool:
    """Whether the run was judged as a whole at its end: before, late callbacks alone were."""
    return any(isinstance(e, ScenarioStarted) and e.provokes is not None for e in events)

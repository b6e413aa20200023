"""Old evidence judged again: the same checks on the same scenarios, from the history file alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.e2e.async_inference.checks import BY_NAME
from tests.e2e.async_inference.events import AsyncEvent, Judged, RunEnded, reader
from tests.e2e.async_inference.fold import split
from tests.e2e.async_inference.whole_run import WHOLE_RUN, judged_as_a_whole
from tests.harness.verdict import CheckResult, Level, Verdict, judge


def rejudge(path: Path, levels: Mapping[str, Level], *, strict: bool = False) -> Verdict:
    """The verdict on the run whose history lies at ``path``.

    Raises:
        HistoryError: there is no such history, or it was edited.
    """
    return verdict_of(list(reader.read(path)), levels, strict=strict)


def verdict_of(
    events: Iterable[AsyncEvent], levels: Mapping[str, Level], *, strict: bool = False
) -> Verdict:
    """Judge each scenario by the checks that judged it then. Checks that are gone are left out."""
    events = list(events)
    results = list[CheckResult]()
    for position, event in enumerate(events):
        if isinstance(event, Judged):
            results += _again(events[:position], event, levels)
    ended = next((e for e in events if isinstance(e, RunEnded)), None)
    incomplete = ended.incomplete if ended else "the history ends in the middle of the run"
    return Verdict(tuple(results), levels, strict, incomplete)


def _again(
    events: list[AsyncEvent], judged: Judged, levels: Mapping[str, Level]
) -> tuple[CheckResult, ...]:
    """What was judged then is what had happened by then; what came later is for the last one."""
    if judged.scenario == WHOLE_RUN:
        whole = judged_as_a_whole(events, levels)
        return tuple(result for result in whole if result.check in judged.checks)
    checks = [BY_NAME[name] for name in judged.checks if name in BY_NAME]
    scenario = next(
        h for h in reversed(split(events)[1]) if h.scenario and h.scenario.name == judged.scenario
    )
    return judge(scenario, checks, levels=levels, scenario=judged.scenario).results

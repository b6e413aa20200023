"""The last judgement: what came when the verdict on its job had already been given.

Callbacks can be late, and an end that was told can be taken back.

Pure: from the events of a run to the results of the checks that stragglers can break.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.e2e.async_inference.checks import addressing, delivery, expiry, polling, retrying
from tests.e2e.async_inference.events import AsyncEvent, Judged, ScenarioStarted
from tests.e2e.async_inference.fold import from_events
from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Check, CheckResult, Finding, Level, judge

WHOLE_RUN = "whole run"
STRAGGLERS: tuple[Check[RunHistory], ...] = (
    delivery.one_delivery_per_job,
    delivery.callbacks_carry_their_secret,
    addressing.callbacks_go_to_their_own_url,
    addressing.no_callback_is_an_orphan,
    retrying.retries_carry_the_same,
    retrying.no_job_runs_twice,
    expiry.nothing_after_expiry,
    expiry.nothing_once_expired,
    expiry.offsets_are_understood,
    expiry.naive_expiries_break_nothing,
    polling.terminal_is_final,
)


def judged_as_a_whole(
    events: Iterable[AsyncEvent], levels: Mapping[str, Level]
) -> tuple[CheckResult, ...]:
    """What these checks report of things that came after the verdict on their scenario.

    A check that had nothing to judge is left out: the scenarios have answered for that.
    """
    events = list(events)
    history = from_events(events)
    results = judge(history, STRAGGLERS, levels=levels, scenario=WHOLE_RUN).results
    return tuple(
        replace(r, findings=tuple(f for f in r.findings if _is_late(f, history, events)))
        for r in results
        if r.judged or r.crash
    )


def _is_late(finding: Finding, history: RunHistory, events: list[AsyncEvent]) -> bool:
    at = finding.at or 0.0
    job = history.jobs.get(finding.subject.partition(" ")[0])
    if job is not None:
        return job.judged_at is not None and at > job.judged_at
    before = [e for e in events if isinstance(e, ScenarioStarted | Judged) and e.at <= at]
    return bool(before) and isinstance(before[-1], Judged)

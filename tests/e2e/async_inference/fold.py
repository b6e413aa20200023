"""Folds the events of a run, in one pass, into the histories of jobs that the checks read."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.e2e.async_inference.events import (
    Answered,
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    GaveUp,
    Judged,
    Learned,
    NemesisActed,
    Polled,
    Probed,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Submitted,
    Unchanged,
)
from tests.e2e.async_inference.run_history import QUIET, JobRecord, RunHistory


def from_events(events: Iterable[AsyncEvent]) -> RunHistory:
    """The history of a whole run."""
    return split(events)[0]


def split(events: Iterable[AsyncEvent]) -> tuple[RunHistory, list[RunHistory]]:
    """The history of the whole run, and of each of its scenarios in order.

    An event about a job belongs to the job's scenario, also when it comes later. Callbacks are
    given to their jobs last, because only then every job has its id.
    """
    whole, parts, callbacks = RunHistory(), list[RunHistory](), list[Delivered]()
    for event in events:
        kind = type(event)
        if kind is ScenarioStarted:
            parts.append(_part_of(whole))
        if kind is Submitted:
            job = JobRecord(event)  # type: ignore[arg-type]
            for history in (whole, *parts[-1:]):
                history.jobs[job.name] = job
        elif kind is Delivered:
            callbacks.append(event)  # type: ignore[arg-type]
        elif kind in _JOB_EVENTS:
            _JOB_EVENTS[kind](whole.jobs[event.job], event)  # type: ignore[union-attr]
        else:
            for history in (whole, *parts[-1:]):
                _OTHER_EVENTS[kind](history, event)
    for callback in callbacks:
        _give_to_owner(callback, whole, parts)
    _note_quiet_pictures(whole)
    return whole, parts


def _note_quiet_pictures(whole: RunHistory) -> None:
    for job in whole:
        picture = next(job.pictures(), None)
        if picture is not None and job.tags.get("load") == QUIET:
            whole.quiet.setdefault(job.recipe, []).append(picture)
            whole.quiet_jobs.setdefault(job.recipe, job)


def _part_of(whole: RunHistory) -> RunHistory:
    """An empty history that shares what the whole run knows of pictures."""
    return RunHistory(
        started=whole.started,
        pictures=whole.pictures,
        quiet=whole.quiet,
        quiet_jobs=whole.quiet_jobs,
        compared=whole.compared,
        learned=whole.learned,
    )


def _give_to_owner(callback: Delivered, whole: RunHistory, parts: list[RunHistory]) -> None:
    """To the job that its url names, else (plain url) to the job that it names itself.

    A refused callback was not read: on the plain url it can only be of the one job that uses it.
    """
    during = [part for part in parts if part.scenario and part.scenario.at <= callback.at][-1:]
    if callback.token:
        job = whole.by_token.get(callback.token)
    elif "job_id" in callback.fields:
        job = whole.by_job_id.get(callback.fields["job_id"])
    else:
        plain = [j for part in during for j in part if not j.submitted.token]
        job = plain[0] if len(plain) == 1 else None
    if job is not None:
        job.deliveries.append(callback)
        return
    for history in (whole, *during):
        history.orphans.append(callback)


def _answered(job: JobRecord, event: Answered) -> None:
    job.answered = event


def _scenario_started(history: RunHistory, event: ScenarioStarted) -> None:
    history.scenario = event


def _scenario_ended(history: RunHistory, event: ScenarioEnded) -> None:
    history.finished = event.at


def _run_started(history: RunHistory, event: RunStarted) -> None:
    history.started = event


def _run_ended(history: RunHistory, event: RunEnded) -> None:
    history.ended = event


def _examined(history: RunHistory, event: Examined) -> None:
    history.pictures[event.sha256, event.width, event.height] = event


def _judged(history: RunHistory, event: Judged) -> None:
    """What comes for these jobs from now on comes after the verdict on them."""
    if history.scenario is not None and history.scenario.name == event.scenario:
        for job in history:
            job.judged_at = event.at if job.judged_at is None else job.judged_at


def _learned(history: RunHistory, event: Learned) -> None:
    history.learned = event


def _compared(history: RunHistory, event: Compared) -> None:
    history.compared[event.sha256, event.twin] = event


_JOB_EVENTS: dict[type, Callable[[JobRecord, Any], None]] = {
    Answered: _answered,
    Polled: lambda job, event: job.polls.append(event),
    Unchanged: lambda job, event: job.unchanged.append(event),
    Downloaded: lambda job, event: job.downloads.append(event),
    GaveUp: lambda job, event: job.gave_up.append(event),
}
_OTHER_EVENTS: dict[type, Callable[[RunHistory, Any], None]] = {
    Probed: lambda history, event: history.probes.append(event),
    NemesisActed: lambda history, event: history.nemesis_acts.append(event),
    Examined: _examined,
    Learned: _learned,
    Compared: _compared,
    ScenarioStarted: _scenario_started,
    ScenarioEnded: _scenario_ended,
    RunStarted: _run_started,
    RunEnded: _run_ended,
    Judged: _judged,
}

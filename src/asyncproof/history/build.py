"""Builds the histories of jobs, which the checks read, from the events of a run, in one pass.

Where an event belongs depends on what came before it (which scenario ran, which job had the id),
so :mod:`asyncproof.harness.by_subject` alone does not do.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    FellBehind,
    GaveUp,
    Judged,
    Learned,
    Listening,
    NemesisActed,
    Polled,
    Probed,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Settled,
    Submitted,
    ToldToWait,
    Unchanged,
)
from asyncproof.history.history import History, JobRecord
from asyncproof.history.reused_ids import set_apart
from asyncproof.vocabulary import UNENDED


def build(events: Iterable[AsyncEvent]) -> History:
    """The history of a whole run."""
    return split(events)[0]


def split(events: Iterable[AsyncEvent]) -> tuple[History, list[History]]:
    """The history of the whole run, and of each of its scenarios in order.

    An event about a job belongs to the job's scenario, also when it comes later. Callbacks are
    given to their jobs last, because only then every job has its id.
    """
    whole, parts, callbacks = History(), list[History](), list[Delivered]()
    for event in events:
        kind = type(event)
        if kind is ScenarioStarted:
            parts.append(_part_of(whole))
        if kind is Submitted:
            job = _submitted(whole, event)  # type: ignore[arg-type]
            for history in (whole, *parts[-1:]):
                history.jobs[job.name] = job
        elif kind is Delivered:
            callbacks.append(event)  # type: ignore[arg-type]
        elif kind in _JOB_EVENTS:
            _JOB_EVENTS[kind](whole.jobs[event.job], event)  # type: ignore[union-attr]
        else:
            for history in (whole, *parts[-1:]):
                _OTHER_EVENTS[kind](history, event)
    set_apart(whole)
    for callback in callbacks:
        _give_to_owner(callback, whole, parts)
    _note_quiet_pictures(whole)
    return whole, parts


def of_jobs(parts: Sequence[History], names: Collection[str]) -> History | None:
    """What happened to these jobs, whichever scenarios sent them; None where none did.

    What stands beside jobs (requests, orphans, hostile acts) is that of all these scenarios.
    """
    theirs = [part for part in parts if not part.jobs.keys().isdisjoint(names)]
    if not theirs:
        return None
    joined = theirs[-1] if len(theirs) == 1 else _joined(theirs)
    if joined.jobs.keys() <= set(names):
        return joined
    return joined.only(job for job in joined if job.name in names)


def _joined(parts: Sequence[History]) -> History:
    jobs = {name: job for part in parts for name, job in part.jobs.items()}
    return replace(
        parts[-1],
        jobs=jobs,
        orphans=[one for part in parts for one in part.orphans],
        probes=[one for part in parts for one in part.probes],
        nemesis_acts=[one for part in parts for one in part.nemesis_acts],
        lora_before=parts[0].lora_before,
    )


def _submitted(whole: History, event: Submitted) -> JobRecord:
    """A new job; one that was told to wait keeps what it was told when it is submitted again."""
    earlier = whole.jobs.get(event.job)
    told = earlier.told_to_wait if earlier else []
    return JobRecord(event, whole.scenario, told_to_wait=told)


def _note_quiet_pictures(whole: History) -> None:
    for job in whole:
        picture = next(job.pictures(), None)
        if picture is not None and job.is_idle:
            whole.quiet.setdefault(job.recipe, []).append(picture)
            whole.quiet_jobs.setdefault(job.recipe, job)


def _part_of(whole: History) -> History:
    """An empty history that shares what the whole run knows of pictures."""
    return History(
        started=whole.started,
        listening=whole.listening,
        pictures=whole.pictures,
        quiet=whole.quiet,
        quiet_jobs=whole.quiet_jobs,
        compared=whole.compared,
        learned=whole.learned,
        lora_before=next((job.name for job in whole if _with_lora(job)), ""),
    )


def _with_lora(job: JobRecord) -> bool:
    return bool(job.submitted.request.get("lora_path")) and job.completed


def _give_to_owner(callback: Delivered, whole: History, parts: list[History]) -> None:
    """To the job that its url names, else (plain url) to the job that it names itself.

    A refused callback was not read: on the plain url it can only be of the one job that uses it.
    """
    during = [part for part in parts if part.scenario and part.scenario.at <= callback.at][-1:]
    if callback.token:
        job = whole.by_token.get(callback.token)
    elif "job_id" in callback.fields:
        job = _latest(whole, callback.fields["job_id"], callback.began)
    else:
        plain = [j for part in during for j in part if not j.submitted.token]
        job = plain[0] if len(plain) == 1 else None
    if job is not None:
        (job.notices if _is_notice(callback, whole) else job.deliveries).append(callback)
        return
    for history in (whole, *during):
        history.orphans.append(callback)


def _is_notice(callback: Delivered, whole: History) -> bool:
    """Whether it is about another event than the end, of a server that sends such callbacks."""
    spoken = whole.started.dialect if whole.started else None
    return bool(spoken and spoken.notices) and callback.fields.get("status") in UNENDED


def _latest(whole: History, job_id: str, moment: float) -> JobRecord | None:
    """The last job before this moment that got this id; ids can be used again."""
    had_it = [job for job in whole.with_job_id(job_id) if job.submitted.at <= moment]
    return had_it[-1] if had_it else whole.by_job_id.get(job_id)


def _answered(job: JobRecord, event: Answered) -> None:
    job.answered = event


def _settled(job: JobRecord, _: Settled) -> None:
    job.settled = True


def _scenario_started(history: History, event: ScenarioStarted) -> None:
    history.scenario = event


def _scenario_ended(history: History, event: ScenarioEnded) -> None:
    history.finished = event.at


def _listening(history: History, event: Listening) -> None:
    history.listening = event


def _run_started(history: History, event: RunStarted) -> None:
    history.started = event


def _run_ended(history: History, event: RunEnded) -> None:
    history.ended = event


def _examined(history: History, event: Examined) -> None:
    history.pictures[event.sha256, event.width, event.height] = event


def _judged(history: History, event: Judged) -> None:
    """What comes for these jobs from now on comes after the verdict on them.

    Old histories do not name them: then it is all jobs of the scenario.
    """
    if event.jobs is not None:
        judged = [history.jobs[name] for name in event.jobs if name in history.jobs]
    elif history.scenario is not None and history.scenario.name == event.scenario:
        judged = list(history)
    else:
        judged = []
    for job in judged:
        job.judged_at = event.at if job.judged_at is None else job.judged_at


def _learned(history: History, event: Learned) -> None:
    history.learned = event


def _compared(history: History, event: Compared) -> None:
    history.compared[event.sha256, event.reference] = event


_JOB_EVENTS: dict[type, Callable[[JobRecord, Any], None]] = {
    Answered: _answered,
    ToldToWait: lambda job, event: job.told_to_wait.append(event),
    Polled: lambda job, event: job.polls.append(event),
    Unchanged: lambda job, event: job.unchanged.append(event),
    Downloaded: lambda job, event: job.downloads.append(event),
    GaveUp: lambda job, event: job.gave_up.append(event),
    Settled: _settled,
}
_OTHER_EVENTS: dict[type, Callable[[History, Any], None]] = {
    Probed: lambda history, event: history.probes.append(event),
    NemesisActed: lambda history, event: history.nemesis_acts.append(event),
    Examined: _examined,
    Learned: _learned,
    Compared: _compared,
    ScenarioStarted: _scenario_started,
    ScenarioEnded: _scenario_ended,
    RunStarted: _run_started,
    Listening: _listening,
    RunEnded: _run_ended,
    Judged: _judged,
    FellBehind: lambda history, event: history.behind.append(event),
}

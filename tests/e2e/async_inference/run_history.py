"""The events of a run seen as jobs: what the checks read. Built once, in one pass."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import (
    Answered,
    AsyncEvent,
    CallbackSection,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    File,
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
from tests.harness.verdict import Finding

Recipe = tuple[str, ...]
QUIET = "quiet"  # value of the tag ``load`` of jobs that had the miner for themselves
RECIPE = ("prompt", "seed", "width", "height", "num_inference_steps", "guidance_scale", "lora_path")


ID_SHOWN = 64  # characters; ids are the miner's, or a hostile client's


def _printable(job_id: str) -> str:
    shown = job_id if job_id.isprintable() else ascii(job_id)
    return shown if len(shown) <= ID_SHOWN else f"{shown[:ID_SHOWN]}..."


@dataclass(eq=False)
class JobRecord:
    """All that is known of one job, in the order in which it happened."""

    submitted: Submitted
    answered: Answered | None = None
    polls: list[Polled] = field(default_factory=list)
    unchanged: list[Unchanged] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    downloads: list[Downloaded] = field(default_factory=list)
    gave_up: list[GaveUp] = field(default_factory=list)
    judged_at: float | None = None

    @property
    def name(self) -> str:
        """The suite's own name of the job."""
        return self.submitted.job

    @property
    def job_id(self) -> str | None:
        """The id that the miner gave it."""
        return self.answered.job_id if self.answered else None

    @property
    def shown(self) -> str:
        """Both of its names, for a person."""
        return f"{self.name} ({_printable(self.job_id)})" if self.job_id else self.name

    @property
    def tags(self) -> dict[str, str]:
        return self.submitted.tags

    @property
    def recipe(self) -> Recipe:
        """What makes its picture: jobs that agree in all of these ask for the same one."""
        return tuple(repr(self.submitted.request.get(name)) for name in RECIPE)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that were asked for; 0 where the request left them out."""
        request = self.submitted.request
        return int(request.get("width") or 0), int(request.get("height") or 0)

    def pictures(self) -> Iterator[File]:
        """Every picture of the job: as delivered, then as downloaded."""
        yield from (d.image for d in self.deliveries if d.image is not None)
        yield from (d.file for d in self.downloads if d.file is not None)

    @property
    def accepted(self) -> bool:
        return self.answered is not None and protocol.accepted(self.answered)

    @property
    def terminal(self) -> Polled | None:
        """The poll that first showed a terminal state."""
        return next((p for p in self.polls if p.status in protocol.TERMINAL), None)

    @property
    def final_status(self) -> str | None:
        """The last status that was seen, terminal or not."""
        return next((p.status for p in reversed(self.polls) if p.status), None)

    @property
    def completed(self) -> bool:
        return self.final_status == "completed"

    @property
    def section(self) -> CallbackSection | None:
        """The miner's last statement about the job's callback."""
        return next((p.callback for p in reversed(self.polls) if p.callback), None)

    @property
    def own_deliveries(self) -> list[Delivered]:
        """Callbacks at this job's url that do not name another job in their body."""
        return [d for d in self.deliveries if d.fields.get("job_id", self.job_id) == self.job_id]

    @property
    def delivery(self) -> Delivered | None:
        """The first callback of this job that was stored whole."""
        return next((d for d in self.own_deliveries if d.stored), None)

    def download(self, what: str = "result") -> Downloaded | None:
        return next((d for d in self.downloads if d.what == what), None)

    def since_submission(self, at: float) -> float:
        return at - self.submitted.at

    def finding(
        self,
        clause: str,
        expected: str,
        actual: str,
        *,
        at: float | None = None,
        advice: str = "",
        cause: str = "",
    ) -> Finding:
        """A finding about this job; ``cause`` groups it with equal ones of other jobs."""
        return Finding(clause, self.shown, expected, actual, at, advice, cause)


@dataclass(eq=False)
class RunHistory:
    """The jobs of one scenario (or of a whole run), and what happened beside them.

    ``orphans`` are callbacks that belong to no job of the run. ``pictures`` tells what each picture
    of the run is, by its SHA-256 and the size that it should have; ``quiet`` are the pictures that
    were made in quiet, by recipe, and ``quiet_jobs`` the first jobs that made them; ``compared``
    holds the comparisons, by picture and twin.
    """

    jobs: dict[str, JobRecord] = field(default_factory=dict)
    orphans: list[Delivered] = field(default_factory=list)
    probes: list[Probed] = field(default_factory=list)
    nemesis_acts: list[NemesisActed] = field(default_factory=list)
    pictures: dict[tuple[str, int, int], Examined] = field(default_factory=dict)
    quiet: dict[Recipe, list[File]] = field(default_factory=dict)
    quiet_jobs: dict[Recipe, JobRecord] = field(default_factory=dict)
    compared: dict[tuple[str, str], Compared] = field(default_factory=dict)
    learned: Learned | None = None
    scenario: ScenarioStarted | None = None
    started: RunStarted | None = None
    ended: RunEnded | None = None
    finished: float | None = None

    def __iter__(self) -> Iterator[JobRecord]:
        return iter(self.jobs.values())

    @property
    def accepted(self) -> list[JobRecord]:
        return [job for job in self if job.accepted]

    @cached_property
    def by_job_id(self) -> dict[str, JobRecord]:
        """Jobs by the id that the miner gave them (the first job that got it)."""
        return {job.job_id: job for job in reversed(self.jobs.values()) if job.job_id}

    @cached_property
    def by_token(self) -> dict[str, JobRecord]:
        return {job.submitted.token: job for job in self if job.submitted.token}

    def wall(self, at: float) -> float:
        """Unix time of a moment of this run, by our clock."""
        return at + (self.started.wall if self.started else 0.0)

    def probed(self, probe: str) -> list[Probed]:
        return [p for p in self.probes if p.probe == probe]


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

"""A history, prepared for the checks: each worker with its events by kind and its phases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from asyncproof.harness.by_subject import EventGroup, by_subject
from asyncproof.worker import events as ev

E = TypeVar("E")
NOTICED = 0.1  # seconds after which a stall is noticed at the latest

FIRST, WATCH, ENDPOINTS, WORK, REST = "first answer", "watch", "endpoints", "work", "rest"
STOPPED, HANG_UP, STOPPING = "stopped", "hang up", "stopping"
# In this order: neither the hive nor the process is disturbed.
QUIET = (WATCH, ENDPOINTS, WORK, REST)
PURPOSES = FIRST_ASKED, AFTER_HANG_UP, AT_STOP = "first", "after hang-up", "at stop"


@dataclass(frozen=True)
class PhaseSpan:
    """From ``begin`` to ``end`` in seconds of the run, in ``name``."""

    name: str
    begin: float
    end: float

    def holds(self, at: float) -> bool:
        return self.begin <= at < self.end


@dataclass(frozen=True)
class WorkerRecord:
    """What happened to one worker. ``end`` is the time of the last event of the whole run."""

    name: str
    group: EventGroup[ev.WorkerEvent]
    end: float

    @property
    def events(self) -> Sequence[ev.WorkerEvent]:
        return self.group.events

    def all(self, kind: type[E]) -> list[E]:
        return self.group.all(kind)

    def last(self, kind: type[E]) -> E | None:
        return self.group.last(kind)

    @cached_property
    def worker_id(self) -> str:
        started = self.last(ev.WorkerStarted)
        return started.worker_id if started else ""

    @cached_property
    def beats(self) -> list[ev.HeartbeatReceived]:
        return self.all(ev.HeartbeatReceived)

    def starved(self, begin: float, end: float) -> float:
        """How long the process waited for a processor from the last heartbeat up to ``begin`` to
        the first one from ``end`` on; 0 where there are no such two."""
        before = [beat.waited for beat in self.beats if beat.at <= begin]
        after = [beat.waited for beat in self.beats if beat.at >= end]
        return max(0.0, after[0] - before[-1]) if before and after else 0.0

    @cached_property
    def inferred(self) -> list[ev.Inferred]:
        return self.all(ev.Inferred)

    @cached_property
    def ready(self) -> ev.BecameReady | None:
        return self.last(ev.BecameReady)

    @cached_property
    def died(self) -> ev.WorkerEnded | None:
        """Its end, if it was not asked to stop."""
        return next((end for end in self.all(ev.WorkerEnded) if not end.asked), None)

    @cached_property
    def phases(self) -> list[PhaseSpan]:
        begun = [(event.phase, event.at) for event in self.all(ev.PhaseBegan)]
        return [
            PhaseSpan(name, begin, end)
            for (name, begin), (_, end) in pairwise([*begun, ("", self._life_end)])
        ]

    @cached_property
    def quiet(self) -> PhaseSpan | None:
        """The time in which nothing disturbed the worker."""
        spans = [span for span in self.phases if span.name in QUIET]
        if not spans:
            return None
        return PhaseSpan("quiet", spans[0].begin, min(spans[-1].end, self._life_end))

    @cached_property
    def hostile(self) -> list[PhaseSpan]:
        """Each hostile act of the hive, by its mode."""
        turned = [(event.mode, event.at) for event in self.all(ev.HiveTurned)]
        ends = pairwise([*turned, ("", self._life_end)])
        return [PhaseSpan(mode, begin, end) for (mode, begin), (_, end) in ends if mode != "ok"]

    @cached_property
    def made_in_peace(self) -> list[ev.Inferred]:
        """Generations requested before anything disturbed the worker or its hive."""
        return [g for g in self.inferred if self.quiet and self.quiet.holds(g.began)]

    def phase(self, name: str) -> PhaseSpan | None:
        return next((span for span in self.phases if span.name == name), None)

    def alive_after(self, at: float, margin: float) -> bool:
        """Whether the process lived for ``margin`` more seconds: if not, its death is the cause."""
        return self.died is None or at + margin < self.died.at

    @cached_property
    def _life_end(self) -> float:
        return self.died.at if self.died else self.end


@dataclass(frozen=True)
class WorkerHistory:
    """A whole run."""

    run: ev.WorkerRunStarted
    workers: tuple[WorkerRecord, ...]
    incomplete: str = field(default="")

    stalls: tuple[ev.RunnerStalled, ...] = ()

    @property
    def limits(self) -> ev.WorkerLimits:
        return self.run.limits

    def granted(self, worker: WorkerRecord, begin: float, end: float) -> float:
        """Seconds between ``begin`` and ``end`` in which the machine was too busy to run the suite
        or, as far as its heartbeats show, the worker."""
        last = end + NOTICED
        stalled = sum(s.seconds for s in self.stalls if begin <= s.at and s.at - s.seconds <= last)
        return stalled + worker.starved(begin, end)


def build(history: Iterable[ev.WorkerEvent]) -> WorkerHistory:
    """Prepare a history.

    Raises:
        ValueError: it does not begin with RunStarted.
    """
    events = list(history)
    if not events or not isinstance(events[0], ev.WorkerRunStarted):
        raise ValueError("not the history of a run of workers: it does not begin with RunStarted")
    last = events[-1]
    whole, groups = by_subject(events, _worker)
    workers = tuple(WorkerRecord(name, group, last.at) for name, group in groups.items())
    incomplete = (
        last.incomplete if isinstance(last, ev.WorkerRunEnded) else "the history was cut off"
    )
    return WorkerHistory(events[0], workers, incomplete, tuple(whole.all(ev.RunnerStalled)))


def _worker(event: ev.WorkerEvent) -> str:
    return str(getattr(event, "worker", ""))


def quiet_beats(worker: WorkerRecord) -> list[ev.HeartbeatReceived]:
    return [b for b in worker.beats if worker.quiet and worker.quiet.holds(b.at)]


def ready_workers(record: WorkerHistory) -> Iterator[WorkerRecord]:
    """The workers that became ready: there is nothing to judge for the others."""
    return (worker for worker in record.workers if worker.ready)


def trouble(generation: ev.Inferred) -> str:
    """What is wrong with an answer; empty for a good one."""
    if generation.status_code not in (200, None):
        return f"status {generation.status_code}: {generation.text[:200]}".rstrip(": ")
    return generation.error or "; ".join(generation.problems)

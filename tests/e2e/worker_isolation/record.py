"""A history, arranged for the checks: each worker with its events by kind and its phases."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from tests.e2e.worker_isolation import events as ev

E = TypeVar("E")
NOTICED = 0.1  # seconds after which a stall that begins is noticed at the latest

WATCH, ENDPOINTS, WORK, STOPPED, STOPPING = "watch", "endpoints", "work", "stopped", "stopping"
QUIET = (WATCH, ENDPOINTS, WORK)  # one after the other: neither hive nor process is disturbed


@dataclass(frozen=True)
class Span:
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
    events: tuple[ev.WorkerEvent, ...]
    end: float

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[E]) -> E | None:
        found = self.all(kind)
        return found[-1] if found else None

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
        """Its end, if nobody had asked for it."""
        return next((end for end in self.all(ev.WorkerEnded) if not end.asked), None)

    @cached_property
    def phases(self) -> list[Span]:
        begun = [(event.phase, event.at) for event in self.all(ev.PhaseBegan)]
        return [
            Span(name, begin, end)
            for (name, begin), (_, end) in pairwise([*begun, ("", self._life_end)])
        ]

    @cached_property
    def quiet(self) -> Span | None:
        """The time in which the worker was left to itself and its work."""
        spans = [span for span in self.phases if span.name in QUIET]
        if not spans:
            return None
        return Span("quiet", spans[0].begin, min(spans[-1].end, self._life_end))

    @cached_property
    def hostile(self) -> list[Span]:
        """Each hostile act of the hive, by its mode."""
        turned = [(event.mode, event.at) for event in self.all(ev.HiveTurned)]
        ends = pairwise([*turned, ("", self._life_end)])
        return [Span(mode, begin, end) for (mode, begin), (_, end) in ends if mode != "ok"]

    def phase(self, name: str) -> Span | None:
        return next((span for span in self.phases if span.name == name), None)

    def alive_after(self, at: float, margin: float) -> bool:
        """Whether the process lived on for ``margin`` seconds: if not, its death explains much."""
        return self.died is None or at + margin < self.died.at

    @cached_property
    def _life_end(self) -> float:
        return self.died.at if self.died else self.end


@dataclass(frozen=True)
class Record:
    """A whole run."""

    run: ev.RunStarted
    workers: tuple[WorkerRecord, ...]
    incomplete: str = field(default="")

    stalls: tuple[ev.RunnerStalled, ...] = ()

    @property
    def limits(self) -> ev.Limits:
        return self.run.limits

    def granted(self, worker: WorkerRecord, begin: float, end: float) -> float:
        """Seconds between ``begin`` and ``end`` that the machine took from the suite, which could
        not look, and from the worker, which could not run, as far as its heartbeats show."""
        last = end + NOTICED
        stalled = sum(s.seconds for s in self.stalls if begin <= s.at and s.at - s.seconds <= last)
        return stalled + worker.starved(begin, end)


def arrange(history: Iterable[ev.WorkerEvent]) -> Record:
    """Arrange a history.

    Raises:
        ValueError: it does not begin with RunStarted.
    """
    events = list(history)
    if not events or not isinstance(events[0], ev.RunStarted):
        raise ValueError("not the history of a run of workers: it does not begin with RunStarted")
    names = dict.fromkeys(_worker(event) for event in events)
    end = events[-1].at
    workers = [
        WorkerRecord(name, tuple(e for e in events if _worker(e) == name), end)
        for name in names
        if name
    ]
    last = events[-1]
    incomplete = last.incomplete if isinstance(last, ev.RunEnded) else "the history was cut off"
    stalls = tuple(event for event in events if isinstance(event, ev.RunnerStalled))
    return Record(events[0], tuple(workers), incomplete, stalls)


def _worker(event: ev.WorkerEvent) -> str:
    return str(getattr(event, "worker", ""))


def quiet_beats(worker: WorkerRecord) -> list[ev.HeartbeatReceived]:
    return [b for b in worker.beats if worker.quiet and worker.quiet.holds(b.at)]


def ready_workers(record: Record) -> Iterator[WorkerRecord]:
    """The workers that became ready: the others have nothing more to show."""
    return (worker for worker in record.workers if worker.ready)

"""How a run stands: counts, rates and times, from its events, in the memory of the jobs in flight.

The times are those of :mod:`asyncproof.facts.timings`, of jobs that completed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    FellBehind,
    GaveUp,
    Polled,
    Settled,
    Submitted,
)
from asyncproof.liveness.sketch import Sketch
from asyncproof.vocabulary import TERMINAL, UNENDED

PERCENTILES = (50, 95, 99)
STAGES = ("accept", "queue", "work", "callback")
NO_LORA = ""


@dataclass(slots=True)
class _Job:
    """What is still needed of a job in flight: times in seconds of the run, None until then."""

    token: str
    lora: str
    accepted: float | None = None
    took: float = 0.0
    begun: float | None = None
    ended: float | None = None
    delivered: float | None = None
    completed: bool = False


@dataclass(slots=True)
class Tally:
    """``done`` counts jobs that completed, ``failed`` those that ended otherwise, were refused or
    were given up; ``overlap`` is the most that were accepted and had not ended at any one time,
    ``switches`` how many jobs were accepted while one with another LoRA was in flight; ``errors``
    are requests without an answer, by what was said; ``behind`` is how late our own polls were at
    worst (seconds). ``on_end`` is called with each job that settled, its times and whether it
    completed."""

    submitted: int = 0
    accepted: int = 0
    done: int = 0
    failed: int = 0
    in_flight: int = 0
    overlap: int = 0
    switches: int = 0
    behind: float = 0.0
    now: float = 0.0
    times: dict[str, Sketch] = field(default_factory=lambda: {name: Sketch() for name in STAGES})
    errors: Counter[str] = field(default_factory=Counter)
    on_end: Callable[[str, Mapping[str, float], bool], None] | None = None
    _jobs: dict[str, _Job] = field(default_factory=dict)
    _by_token: dict[str, str] = field(default_factory=dict)
    _loras: Counter[str] = field(default_factory=Counter)

    def take(self, event: AsyncEvent) -> None:
        """The next event of the run."""
        self.now = max(self.now, event.at)
        match event:
            case Submitted():
                self._submitted(event)
            case Answered():
                self._answered(event)
            case Polled():
                self._polled(event)
            case Delivered():
                self._delivered(event)
            case GaveUp():
                self._left(event.job, event.at)
            case Settled():
                self._settled(event)
            case FellBehind():
                self.behind = max(self.behind, event.worst)

    def _submitted(self, event: Submitted) -> None:
        if event.job in self._jobs:
            return  # once more, after it was told to wait
        self.submitted += 1
        lora = str(event.request.get("lora_path") or NO_LORA)
        self._jobs[event.job] = _Job(event.token, lora)
        self._by_token[event.token] = event.job

    def _answered(self, event: Answered) -> None:
        if event.error:
            self.errors[event.error] += 1
        job = self._jobs.get(event.job)
        if job is None or not event.takes_the_job:
            return
        job.accepted, job.took = event.at, event.took
        self.accepted += 1
        self.in_flight += 1
        self.overlap = max(self.overlap, self.in_flight)
        self.switches += any(n for lora, n in self._loras.items() if lora != job.lora)
        self._loras[job.lora] += 1

    def _polled(self, event: Polled) -> None:
        if event.error:
            self.errors[event.error] += 1
        job = self._jobs.get(event.job)
        if job is None or not event.status:
            return
        if job.begun is None and event.status != "queued":
            job.begun = event.at
        if event.status in TERMINAL and job.ended is None:
            job.completed = event.status == "completed"
            self._left(event.job, event.at)

    def _left(self, name: str, at: float) -> None:
        """The job is no longer in flight."""
        job = self._jobs.get(name)
        if job is None or job.ended is not None:
            return
        job.ended = at
        if job.accepted is not None:
            self.in_flight -= 1
            self._loras[job.lora] -= 1

    def _delivered(self, event: Delivered) -> None:
        job = self._jobs.get(self._by_token.get(event.token or "", ""))
        about_the_end = event.fields.get("status") not in UNENDED
        if job is not None and event.stored and about_the_end and job.delivered is None:
            job.delivered = event.at

    def _settled(self, event: Settled) -> None:
        self._left(event.job, event.at)
        job = self._jobs.pop(event.job, None)
        if job is None:
            return
        self._by_token.pop(job.token, None)
        self.done += job.completed
        self.failed += not job.completed
        times = dict(_times(job)) if job.completed else {}
        for name, seconds in times.items():
            self.times[name].add(seconds)
        if self.on_end:
            self.on_end(event.job, times, job.completed)

    def lines(self) -> Iterator[str]:
        """The table of times, in seconds; nothing where no job completed."""
        stages = {name: times for name, times in self.times.items() if times.count}
        if not stages:
            return
        yield "Seconds   " + "".join(f"{f'p{p}':>9}" for p in PERCENTILES) + f"{'max':>9}"
        for name, times in stages.items():
            shown = (*map(times.percentile, PERCENTILES), times.largest)
            yield f"  {name:<8}" + "".join(f"{value:9.3f}" for value in shown)

    def as_data(self) -> dict[str, dict[str, float]]:
        """The same table for programs."""
        return {
            name: {f"p{p}": round(times.percentile(p), 6) for p in PERCENTILES}
            | {"max": times.largest}
            for name, times in self.times.items()
            if times.count
        }


def _times(job: _Job) -> Iterator[tuple[str, float]]:
    """How long each stage of a job that completed took, as far as it is known."""
    yield "accept", job.took
    if job.begun is not None and job.accepted is not None:
        yield "queue", max(0.0, job.begun - job.accepted)
    if job.begun is not None and job.ended is not None:
        yield "work", job.ended - job.begun
    if job.delivered is not None and job.ended is not None:
        yield "callback", max(0.0, job.delivered - job.ended)

"""What hangs most, and how long things normally take: learned from recorded runs. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, log10

from tests.e2e.async_inference.diagnosis import Diagnosis, Stage
from tests.e2e.async_inference.liveness import Clocks
from tests.e2e.async_inference.protocol import TERMINAL
from tests.e2e.async_inference.run_history import JobRecord
from tests.harness.settings import variable

DEFAULT_MODEL = "(default)"
MARGIN = 3.0  # a budget is this many times the longest that a healthy job was seen to take
ENOUGH_JOBS = 20  # fewer say little about the longest time that is still normal


class Span(StrEnum):
    """A part of a job's life that takes time."""

    QUEUE = "in the queue"
    FIRST = "to the first step"
    STEP = "between two rises"
    FINISH = "from 100 % to the end"
    TOTAL = "in work"


BUDGET_OF = {
    Span.STEP: variable("step_timeout"),
    Span.FIRST: variable("first_step_timeout"),
    Span.FINISH: variable("post_process_timeout"),
    Span.TOTAL: variable("job_timeout"),
}


@dataclass(frozen=True, slots=True)
class Hardware:
    """A class of machines, and the step budgets (seconds) to start from."""

    name: str
    examples: str
    low: int
    high: int


HARDWARE = (
    Hardware("high-end", "RTX 4090, A100", 300, 600),
    Hardware("mid-range", "RTX 3080, 4070", 600, 900),
    Hardware("low-end", "GTX 1660, RTX 3060", 900, 1200),
)


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What stalls are counted by; ``percent`` is the whole percentage that was reached."""

    life: str
    stage: str
    percent: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A budget in seconds for one setting, and what it rests on."""

    variable: str
    seconds: float
    evidence: str


@dataclass(slots=True)
class Statistics:
    """Of the jobs of any number of runs. ``spans`` holds seconds, of completed jobs only.

    ``interval`` is the longest time between two polls: no time is known more exactly than that.
    """

    jobs: int = 0
    completed: int = 0
    interval: float = 0.0
    stalls: Counter[Kind] = field(default_factory=Counter)
    spans: dict[Span, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add_job(self, job: JobRecord) -> None:
        self.jobs += 1
        for waiting in job.gave_up:
            if waiting.diagnosis is not None:
                self.add_stall(waiting.diagnosis, model_of(job))
        if job.completed:
            self.completed += 1
            for span, seconds in spans(job):
                self.spans[span].append(seconds)

    def add_stall(self, diagnosis: Diagnosis, model: str) -> None:
        percent = None if diagnosis.progress is None else floor(diagnosis.progress)
        self.stalls[Kind(diagnosis.life, diagnosis.stage, percent, model or DEFAULT_MODEL)] += 1

    def suggestions(self) -> Iterator[Suggestion]:
        """Budgets for this miner, as far as there is anything to learn them from."""
        for span, name in BUDGET_OF.items():
            if seen := self.spans.get(span):
                longest = max(seen)
                seconds = max(MARGIN * longest, longest + 2 * self.interval, 1.0)
                told = f"{MARGIN:g} times the longest time {span}: {longest:.2f} s of {len(seen)}"
                yield Suggestion(name, rounded_up(seconds), f"{told}, p99 {quantile(seen, 99):.2f}")


def model_of(job: JobRecord) -> str:
    """The model that the request names, else its LoRA."""
    asked = job.submitted.request
    return str(asked.get("model") or asked.get("lora_path") or DEFAULT_MODEL)


def spans(job: JobRecord) -> Iterator[tuple[Span, float]]:
    """How long each part of this job took, as far as polls tell."""
    clocks, reached = Clocks.started(job.submitted.at), dict[Stage, float]()
    rises = list[float]()
    for poll in (p for p in job.polls if p.status and p.status not in TERMINAL):
        before, clocks = clocks, clocks.heard_at(poll.at, poll.status, poll.progress)
        reached.setdefault(clocks.stage, poll.at)
        if clocks.moved > before.moved and clocks.best and clocks.attempt == 1:
            rises.append(poll.at)
    if job.terminal is None:
        return
    end = job.terminal.at
    begun = min((at for stage, at in reached.items() if stage is not Stage.QUEUED), default=None)
    if begun is not None:
        yield Span.QUEUE, begun - job.submitted.at
        yield Span.TOTAL, end - begun
    if Stage.STARTING in reached and rises:
        yield Span.FIRST, rises[0] - reached[Stage.STARTING]
    yield from ((Span.STEP, later - earlier) for earlier, later in pairwise(rises))
    if Stage.FINISHING in reached:
        yield Span.FINISH, end - reached[Stage.FINISHING]


def quantile(seen: Iterable[float], percent: float) -> float:
    """The smallest value that this share of the values does not exceed."""
    ordered = sorted(seen)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def rounded_up(seconds: float) -> float:
    """To two significant digits: more would claim more than is known."""
    unit = 10.0 ** (floor(log10(seconds)) - 1)
    return float(f"{ceil(round(seconds / unit, 6)) * unit:.6g}")

"""Where jobs hang, and how long each stage normally takes, from recorded runs. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, log10

from asyncproof.history.history import JobRecord
from asyncproof.history.job_health import Diagnosis, Stage
from asyncproof.liveness.clocks import Clocks
from asyncproof.settings import variable
from asyncproof.vocabulary import TERMINAL

DEFAULT_MODEL = "(default)"
MARGIN = 3.0  # a limit is this many times the longest time of a healthy job
ENOUGH_JOBS = 20  # fewer say little about the longest normal time


class StageSpan(StrEnum):
    """A part of a job's life that takes time."""

    QUEUE = "in the queue"
    FIRST = "to the first step"
    STEP = "between two rises"
    FINISH = "from 100 % to the end"
    TOTAL = "in work"


BUDGET_OF = {
    StageSpan.STEP: variable("step_timeout"),
    StageSpan.FIRST: variable("first_step_timeout"),
    StageSpan.FINISH: variable("post_process_timeout"),
    StageSpan.TOTAL: variable("job_timeout"),
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
class JobKind:
    """What stalls are grouped by; ``percent`` is the percentage that was reached, rounded down."""

    life: str
    stage: str
    percent: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A limit in seconds for one setting, and its basis."""

    variable: str
    seconds: float
    evidence: str


@dataclass(slots=True)
class StallStatistics:
    """Of the jobs of any number of runs. ``spans`` holds seconds, of completed jobs only.

    ``interval`` is the longest time between two polls, which limits the accuracy of all times.
    """

    jobs: int = 0
    completed: int = 0
    interval: float = 0.0
    stalls: Counter[JobKind] = field(default_factory=Counter)
    spans: dict[StageSpan, list[float]] = field(default_factory=lambda: defaultdict(list))

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
        self.stalls[JobKind(diagnosis.life, diagnosis.stage, percent, model or DEFAULT_MODEL)] += 1

    def suggestions(self) -> Iterator[Suggestion]:
        """Limits for this miner, as far as the runs have data for them."""
        for span, name in BUDGET_OF.items():
            if seen := self.spans.get(span):
                longest = max(seen)
                seconds = max(MARGIN * longest, longest + 2 * self.interval, 1.0)
                told = f"{MARGIN:g} times the longest time {span}: {longest:.2f} s of {len(seen)}"
                yield Suggestion(name, rounded_up(seconds), f"{told}, p99 {quantile(seen, 99):.2f}")


def model_of(job: JobRecord) -> str:
    """The model in the request, otherwise its LoRA."""
    asked = job.submitted.request
    return str(asked.get("model") or asked.get("lora_path") or DEFAULT_MODEL)


def spans(job: JobRecord) -> Iterator[tuple[StageSpan, float]]:
    """How long each part of this job took, as far as polls show."""
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
        yield StageSpan.QUEUE, begun - job.submitted.at
        yield StageSpan.TOTAL, end - begun
    if Stage.STARTING in reached and rises:
        yield StageSpan.FIRST, rises[0] - reached[Stage.STARTING]
    yield from ((StageSpan.STEP, later - earlier) for earlier, later in pairwise(rises))
    if Stage.FINISHING in reached:
        yield StageSpan.FINISH, end - reached[Stage.FINISHING]


def quantile(seen: Iterable[float], percent: float) -> float:
    """The smallest value that this share of the values does not exceed."""
    ordered = sorted(seen)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def rounded_up(seconds: float) -> float:
    """Rounded up to two significant digits: the data is not more accurate."""
    unit = 10.0 ** (floor(log10(seconds)) - 1)
    return float(f"{ceil(round(seconds / unit, 6)) * unit:.6g}")

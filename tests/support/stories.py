"""What an outsider sees of a job, second by second, on a hand-made clock: the table of hangs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle, islice, repeat

from asyncproof.history.job_health import JobHealth
from asyncproof.liveness.clocks import Budgets

BUDGETS = Budgets(
    silence=10,
    step=20,
    first_step=30,
    preload=5,
    download=5,
    post_process=15,
    process=40,
    total=1000,
    rate=1,
)
WATCHED = 400  # seconds that a story is followed at most
TICKS = 2  # how late a detector may be


@dataclass(frozen=True, slots=True)
class Seen:
    """One readable answer."""

    status: str = "processing"
    progress: float | None = None


Seconds = Iterable[Seen | None]


@dataclass(frozen=True, slots=True)
class Story:
    """One answer a second, None where there was no readable one.

    ``life`` is what must be found (None: the job is healthy and never to be touched) and ``after``
    how many seconds into the story its budget is used up.
    """

    name: str
    seconds: tuple[Seen | None, ...]
    life: JobHealth | None = None
    after: float = 0.0

    def __str__(self) -> str:
        return self.name

    @property
    def hung(self) -> bool:
        return self.life is not None


def rising(to: float, by: float = 5.0) -> list[Seen | None]:
    """Queued, begun at 0 %, then a rise each second."""
    marks = [n * by for n in range(1, int(to / by) + 1)]
    marks += [] if not to or (marks and marks[-1] == to) else [to]
    return [Seen("queued"), *(Seen(progress=mark) for mark in (0.0, *marks))]


def ended(status: str = "completed") -> Seconds:
    return repeat(Seen(status, 100.0))


def at(*marks: float | None) -> Iterator[Seen]:
    """These percentages over and over, one a second."""
    return (Seen(progress=mark) for mark in cycle(marks))


def paused(percent: float, seconds: int) -> Seconds:
    return repeat(Seen(progress=percent), seconds)


def healthy(name: str, *parts: Seconds) -> Story:
    return Story(name, _cut(*parts))


def hung(
    name: str, before: list[Seen | None], rest: Seconds, life: JobHealth, budget: float
) -> Story:
    """Hung from the last second of ``before`` on."""
    return Story(name, _cut(before, rest), life, len(before) - 1 + budget)


def _cut(*parts: Seconds) -> tuple[Seen | None, ...]:
    return tuple(islice(chain(*parts), WATCHED))


def _still(percent: float) -> float:
    """The budget of a job that stands still at this percentage."""
    if percent == 0:
        return BUDGETS.preload + BUDGETS.download + BUDGETS.first_step
    return BUDGETS.post_process if percent == 100 else BUDGETS.step


PERCENTAGES = (0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0)
STARTED: list[Seen | None] = [Seen("queued"), Seen(progress=None)]
CRAWL = chain.from_iterable(repeat(Seen(progress=float(n)), 15) for n in range(1, 100))
BURSTS = chain.from_iterable([*repeat(None, 8), Seen(progress=float(n))] for n in range(1, 101, 10))
LOOP = chain.from_iterable(
    [Seen("queued"), Seen(progress=0.0), Seen(progress=50.0)] for _ in repeat(0)
)

HUNG: tuple[Story, ...] = (
    *(
        hung(f"silent at {p:g} %", rising(p), repeat(None), JobHealth.DEAD, BUDGETS.silence)
        for p in PERCENTAGES
    ),
    *(
        hung(f"answers, stands at {p:g} %", rising(p), at(p), JobHealth.STALLED, _still(p))
        for p in PERCENTAGES
    ),
    hung("swings 40-41 %", rising(41), at(40.0, 41.0), JobHealth.STALLED, BUDGETS.step),
    hung("falls, 60 to 10 %", rising(60), at(*range(59, 9, -1)), JobHealth.STALLED, BUDGETS.step),
    # The 0 % counts as a second attempt, which gets its own time to the first step.
    hung("falls to 0 %", [*rising(60), Seen(progress=0.0)], at(0.0), JobHealth.STALLED, _still(0)),
    # Two attempts are granted; the second had got as far as the first.
    hung(
        "begins over and over",
        [*rising(50), *islice(LOOP, 3)],
        LOOP,
        JobHealth.STALLED,
        BUDGETS.step,
    ),
    hung("stands in the queue", [Seen("queued")], repeat(Seen("queued")), JobHealth.STARVING, 40),
    hung("loads its model for ever", rising(0), at(0.0), JobHealth.STALLED, _still(0)),
    hung("no percentage, silent", [*STARTED], repeat(None), JobHealth.DEAD, BUDGETS.silence),
    hung("a word of its own, silent", [Seen("running", 5)], repeat(None), JobHealth.DEAD, 10),
)

HEALTHY: tuple[Story, ...] = (
    healthy("rises to its end", rising(100), ended()),
    healthy("a pause under the budget", rising(40), paused(40, 19), rising(100)[10:], ended()),
    healthy("a pause at 0 % under its budget", rising(0), paused(0, 38), rising(100)[2:], ended()),
    healthy("saves for a while", rising(100), paused(100, 14), ended()),
    healthy("slow but moving: 1 % in 15 s", rising(0), CRAWL),
    healthy("no percentage at all", STARTED, at(None)),
    healthy("answers in bursts", rising(0), BURSTS, ended()),
    healthy("begun anew once", rising(90), rising(100)[1:], ended()),
    healthy("failed and told so", rising(50), ended("failed")),
    healthy("killed, the miner's own timeout", rising(50), paused(50, 5), ended("timeout")),
)

TABLE = (*HUNG, *HEALTHY)

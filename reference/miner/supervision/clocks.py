"""The three clocks of one process. Pure: times are arguments, in seconds.

*Silence* runs since any evidence of life. *Progress* runs since the percentage last rose above
everything before it, so that neither a swing between two values nor a fall counts as progress.
*Total* runs since the job was given to the process. A job that never gives a percentage is judged
by silence and total only.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from reference.miner.messages import State


class Condition(StrEnum):
    """The verdict of the clocks on a process. The first three end it."""

    DEAD = "dead"
    STALLED = "stalled"
    OVERTIME = "overtime"
    SLOW = "slow"
    FINE = "fine"


ENDING_CONDITIONS = frozenset({Condition.DEAD, Condition.STALLED, Condition.OVERTIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How long each clock may run, in seconds; ``slow_rate`` is in percent per minute.

    ``step`` applies instead of ``first_step`` if it is larger.
    """

    step: float = 600.0
    first_step: float = 90.0
    preload: float = 80.0
    download: float = 121.0
    post_process: float = 60.0
    process: float = 300.0
    total: float = 600.0
    slow_rate: float = 1.0
    slow_after: float = 60.0

    @property
    def first(self) -> float:
        return max(self.first_step, self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What is known about one process. ``mark`` is the highest percentage of this job so far,
    ``risen`` when it rose last (or when the stage began), ``given`` when the job was assigned."""

    launch: int
    state: State = State.STARTING
    entered: float
    heard: float
    risen: float
    job: str | None = None
    model: str = ""
    given: float | None = None
    mark: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The diagnosis, with the reading of every clock in seconds."""

    condition: Condition
    stage: State
    job: str | None
    model: str
    percent: float | None
    silent: float
    still: float
    total: float
    budget: float


def launched(launch: int, at: float) -> Process:
    """A process at its start."""
    return Process(launch=launch, entered=at, heard=at, risen=at)


def assigned(process: Process, job: str, model: str, at: float) -> Process:
    """The process gets a job; from now on it must show signs of life."""
    return replace(process, job=job, model=model, given=at, risen=at, entered=at, mark=None)


def released(process: Process) -> Process:
    """The process no longer has the job."""
    return replace(process, job=None, model="", given=None, mark=None)


def observed(process: Process, state: State, percent: float | None, at: float) -> Process:
    """The process gave evidence of life. The first 0 % is where progress starts, not progress."""
    entered, risen, mark = process.entered, process.risen, process.mark
    if state is not process.state:
        entered = risen = at
    if percent is not None and (mark is None or percent > mark):
        risen = at if mark is not None or percent > 0 else risen
        mark = percent
    return replace(process, state=state, entered=entered, heard=at, risen=risen, mark=mark)


def shifted(process: Process, by: float, at: float) -> Process:
    """The process with its clocks stopped for a time in which it could not be heard. No clock goes
    below 0."""
    given = None if process.given is None else min(process.given + by, at)
    return replace(
        process,
        entered=min(process.entered + by, at),
        heard=min(process.heard + by, at),
        risen=min(process.risen + by, at),
        given=given,
    )


def budget_of(process: Process, budgets: Budgets) -> float:
    """The time limit of the process's stage."""
    match process.state:
        case State.STARTING | State.PRELOADING:
            return budgets.preload
        case State.DOWNLOADING:
            return budgets.download
        case State.WAITING:
            return budgets.first if process.job else budgets.process
        case State.INFERRING:
            return _inference_budget(process, budgets)
    return budgets.post_process


def _inference_budget(process: Process, budgets: Budgets) -> float:
    if process.mark is None:
        return budgets.step if process.heard > process.entered else budgets.first
    if process.mark >= 100:
        return budgets.post_process
    return budgets.step if process.mark > 0 else budgets.first


def judge(process: Process, budgets: Budgets, at: float) -> Diagnosis:
    """The verdict of the clocks at this time. Silence counts from the time when signs of life were
    due: a process that was idle before it got its job had none to give."""
    budget = budget_of(process, budgets)
    silent, still = at - process.heard, at - process.risen
    total = 0.0 if process.given is None else at - process.given
    owed = at - max(process.heard, process.entered)
    if owed > budget:
        condition = Condition.DEAD
    elif _measured(process) and still > budget:
        condition = Condition.STALLED
    elif total > budgets.total:
        condition = Condition.OVERTIME
    else:
        condition = Condition.SLOW if _slow(process, budgets, at) else Condition.FINE
    return Diagnosis(
        condition=condition,
        stage=process.state,
        job=process.job,
        model=process.model,
        percent=process.mark,
        silent=silent,
        still=still,
        total=total,
        budget=budget,
    )


def _measured(process: Process) -> bool:
    """Whether lack of progress means anything: not while idle, nor without a percentage."""
    if process.state is State.WAITING:
        return process.job is not None
    return process.state is not State.INFERRING or process.mark is not None


def _slow(process: Process, budgets: Budgets, at: float) -> bool:
    if process.state is not State.INFERRING or process.mark is None:
        return False
    spent = at - process.entered
    return spent >= budgets.slow_after and process.mark * 60 < budgets.slow_rate * spent

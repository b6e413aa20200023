"""All slots together: decides what to do about the clocks' verdicts. Pure: the time is an argument.

The shell reports what happens (a launch, a report, an exit) and asks with :meth:`Fleet.tick`; it
carries out the returned decisions.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from reference.miner.messages import Report, State
from reference.miner.supervision.clocks import (
    ENDING_CONDITIONS,
    Budgets,
    Condition,
    Diagnosis,
    Process,
    assigned,
    judge,
    launched,
    observed,
    released,
    shifted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Times in seconds. ``cooldown`` is the pause of one slot between the end of its process and
    the next launch; ``failures`` within ``window`` put a slot in quarantine for ``quarantine``;
    ``tick`` is how often the shell asks."""

    budgets: Budgets = field(default_factory=Budgets)
    cooldown: float = 1.0
    failures: int = 3
    window: float = 300.0
    quarantine: float = 300.0
    tick: float = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """Start a process in this slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class Replace:
    """End this slot's process; the diagnosis names its job, if it has one."""

    slot: int
    why: Diagnosis


@dataclass(frozen=True, slots=True)
class Slow:
    """Warn about a job below the minimum rate, once for each job."""

    slot: int
    why: Diagnosis


@dataclass(frozen=True, slots=True)
class AllSilent:
    """Every process is silent at the same time: the next decisions replace all of them."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """This slot failed too often and is quarantined."""

    slot: int


Decision: TypeAlias = Start | Replace | Slow | AllSilent | Quarantine


@dataclass(slots=True)
class Slot:
    """One place for a process, and its record. ``due`` is the time of the next launch;
    ``replacements`` counts processes that hung and processes that ended by themselves."""

    process: Process | None = None
    due: float | None = 0.0
    failures: list[float] = field(default_factory=list)
    replacements: int = 0
    quarantined: bool = False
    warned: str | None = None

    @property
    def idle(self) -> bool:
        """Whether it can take a job."""
        process = self.process
        return process is not None and process.state is State.WAITING and process.job is None


class Fleet:
    """The processes of one miner, by slot."""

    def __init__(self, size: int, policy: Policy) -> None:
        self.policy = policy
        self.slots = [Slot() for _ in range(size)]
        self.late = 0
        self.heartbeats = 0
        self.hangs: Counter[tuple[str, str, int | None]] = Counter()
        self.stalls: Counter[tuple[str, str]] = Counter()
        self._asked: float | None = None

    def launched(self, slot: int, launch: int, at: float) -> None:
        """A process was started in this slot."""
        self.slots[slot].process = launched(launch, at)
        self.slots[slot].due = None

    def assigned(self, slot: int, job: str, model: str, at: float) -> None:
        """The process of this slot got a job."""
        process = self.slots[slot].process
        if process is not None:
            self.slots[slot].process = assigned(process, job, model, at)

    def heard(self, slot: int, report: Report, at: float) -> bool:
        """Take a report. False for one of a process that was replaced, or of a job that is not
        its own any more: it says nothing about the current process."""
        process = self.slots[slot].process
        if process is None or report.launch != process.launch:
            self.late += report.state is State.COMPLETE
            return False
        self.heartbeats += 1
        ours = report.key is None or report.key == process.job
        percent = report.percent if ours else None
        self.slots[slot].process = observed(process, report.state, percent, at)
        if not ours:
            self.late += report.state is State.COMPLETE
        elif report.state in (State.COMPLETE, State.FAILED):
            self.slots[slot].process = released(self.slots[slot].process or process)
        return ours

    def exited(self, slot: int, launch: int, at: float) -> tuple[bool, list[Decision]]:
        """A process is gone. True with the next action if it was not ended by us."""
        process = self.slots[slot].process
        if process is None or process.launch != launch:
            return False, []
        return True, list(self._failed(slot, at))

    def freed(self, slot: int, at: float) -> None:
        """The process that had to be ended is gone; its successor may follow."""
        if self.slots[slot].due is None:
            self.slots[slot].due = at + self.policy.cooldown

    def tick(self, at: float) -> list[Decision]:
        """What to do now."""
        self._forgive_own_absence(at)
        return [*self._starts(at), *self._judgements(at)]

    def _forgive_own_absence(self, at: float) -> None:
        """If the miner itself was stopped, it could not hear its processes and does not blame
        them."""
        before, self._asked = self._asked, at
        gap = 0.0 if before is None else at - before - self.policy.tick
        if gap > 2 * self.policy.tick:
            for slot in self.slots:
                slot.process = slot.process and shifted(slot.process, gap, at)

    def _starts(self, at: float) -> Iterator[Decision]:
        for number, slot in enumerate(self.slots):
            if slot.process is None and slot.due is not None and at >= slot.due:
                slot.due, slot.quarantined = None, False
                yield Start(number)

    def _judgements(self, at: float) -> Iterator[Decision]:
        budgets = self.policy.budgets
        alive = [(n, s.process) for n, s in enumerate(self.slots) if s.process is not None]
        found = [(number, judge(process, budgets, at)) for number, process in alive]
        frozen = len(found) > 1 and all(why.silent > budgets.process for _, why in found)
        if frozen:
            yield AllSilent()
        for number, why in found:
            if frozen or why.condition in ENDING_CONDITIONS:
                yield from self._replaced(number, why, at)
            elif why.condition is Condition.SLOW and self.slots[number].warned != why.job:
                self.slots[number].warned = why.job
                yield Slow(number, why)

    def _replaced(self, number: int, why: Diagnosis, at: float) -> Iterator[Decision]:
        percent = None if why.percent is None else int(why.percent)
        self.hangs[(why.model, why.stage, percent)] += 1
        self.stalls[(why.condition, why.stage)] += 1
        yield Replace(number, why)
        yield from self._failed(number, at, freed=False)

    def _failed(self, number: int, at: float, *, freed: bool = True) -> Iterator[Decision]:
        slot, policy = self.slots[number], self.policy
        slot.process = None
        slot.replacements += 1
        slot.failures = [t for t in slot.failures if at - t < policy.window] + [at]
        slot.due = at + policy.cooldown if freed else None
        if len(slot.failures) >= policy.failures:
            slot.due, slot.quarantined, slot.failures = at + policy.quarantine, True, []
            yield Quarantine(number)

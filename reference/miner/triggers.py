"""When a fault strikes: ``always``, ``race:K``, ``p:P`` or ``every:N``.

Decided once for each job, when the fault could first show: a job is affected as a whole or not at
all. Other requests (such as health) count as subjects of their own.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

from reference.miner.jobs import Job
from reference.miner.messages import Task
from reference.miner.seams import Fault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trigger:
    """``always``; ``race`` with more than ``value`` jobs in flight; ``p`` with that probability;
    ``every`` value-th subject."""

    kind: str = "always"
    value: float = 0.0

    def fires(self, *, in_flight: int, number: int, chance: float) -> bool:
        """``number`` counts subjects from 1; ``chance`` is in [0, 1)."""
        match self.kind:
            case "race":
                return in_flight > self.value
            case "p":
                return chance < self.value
            case "every":
                return number % int(self.value) == 0
        return True


def parse_trigger(text: str) -> Trigger:
    """A trigger as on the command line. Raises ValueError with what is allowed."""
    kind, _, value = text.partition(":")
    allowed = "always, race:K with K >= 0, p:P with 0 <= P <= 1, or every:N with N >= 1"
    try:
        trigger = Trigger(kind, float(value) if value else 0.0)
    except ValueError as error:
        raise ValueError(f"--trigger {text}: use {allowed}") from error
    fine = {
        "always": not value,
        "race": bool(value) and trigger.value >= 0,
        "p": bool(value) and 0 <= trigger.value <= 1,
        "every": bool(value) and trigger.value >= 1 and trigger.value == int(trigger.value),
    }
    if not fine.get(kind):
        raise ValueError(f"--trigger {text}: use {allowed}")
    return trigger


def parse_fault(text: str) -> tuple[str, float | None]:
    """``NAME`` or ``NAME:VALUE``. Raises ValueError."""
    name, _, value = text.partition(":")
    if not value:
        return name, None
    try:
        number = float(value)
    except ValueError as error:
        raise ValueError(f"--fault {text}: {value!r} is not a number") from error
    if not 0 <= number < inf:
        raise ValueError(f"--fault {text}: {value!r} is not 0 or more")
    return name, number


class Arming:
    """Remembers which faults strike which job, so that a job is affected as a whole."""

    def __init__(self, trigger: Trigger, seed: int, in_flight: Callable[[], int]) -> None:
        self._trigger = trigger
        self._seed = seed
        self._in_flight = in_flight
        self._decided: dict[str, dict[str, bool]] = {}
        self._asked = 0

    def __call__(self, fault: Fault, of: Job | Task | None) -> bool:
        if not isinstance(of, Job):
            self._asked += 1
            return self._decide(fault.name, self._asked)
        decided = self._decided.setdefault(of.key, {})
        if fault.name not in decided:
            decided[fault.name] = self._decide(fault.name, of.number)
            if decided[fault.name]:
                log.debug("fault %s strikes job %s", fault.name, of.job_id)
        return decided[fault.name]

    def forget(self, job: Job) -> None:
        """The record of this job is gone."""
        self._decided.pop(job.key, None)

    def of(self, faults: tuple[Fault, ...], job: Job, task: Task) -> Task:
        """The task with the names of the faults that strike it."""
        return replace(task, armed=frozenset(f.name for f in faults if self(f, job)))

    def _decide(self, name: str, number: int) -> bool:
        digest = hashlib.sha256(f"{self._seed}/{name}/{number}".encode()).digest()
        chance = int.from_bytes(digest[:7], "big") / 2**56
        return self._trigger.fires(in_flight=self._in_flight(), number=number, chance=chance)


def armed_by_task(fault: Fault, of: Job | Task | None) -> bool:
    """In an inference process: as the task says. Outside of a task every fault is armed."""
    return fault.name in of.armed if isinstance(of, Task) else True

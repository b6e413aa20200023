"""Faults that keep jobs from ever ending."""

import signal
import threading
import time
from dataclasses import replace
from itertools import chain, cycle, repeat
from typing import ClassVar

from reference.miner.jobs import Job, Status
from reference.miner.messages import State, Task
from reference.miner.seams import Answer, Beat, Fault, forever

# A process hangs in the middle of a job.


class Stuck(Fault):
    """What the faults have in common that strike when a job reaches a percentage."""

    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            self.reached(beat)
        return percent

    def reached(self, beat: Beat) -> None:
        raise NotImplementedError


class Hang(Stuck):
    """The worst of all defects: nothing happens any more."""

    name = "hang"
    does = "stops forever at a percentage, silently (parameter: the percentage)"
    clause = "LIV-2"

    def reached(self, beat: Beat) -> None:
        beat(self.value)
        forever()


class HangBeating(Stuck):
    """A process that is alive and gets nowhere: only its progress shows it."""

    name = "hang-beating"
    does = "stops forever at a percentage and keeps sending heartbeats (parameter: the percentage)"
    clause = "LIV-2"

    def reached(self, beat: Beat) -> None:
        forever(lambda: beat(self.value))


class CreepingBar(Stuck):
    """The bar is fed by a clock, and the work behind it has stopped."""

    name = "creeping-bar"
    does = "slows down from a percentage on and never reaches 100 (parameter: the percentage)"
    clause = "LIV-4"
    parameter = 50.0

    def reached(self, beat: Beat) -> None:
        began, low = time.monotonic(), self.value or 0.0
        forever(lambda: beat(100 - (100 - low) / (1 + time.monotonic() - began) ** 2))


class OscillatingProgress(Stuck):
    """Two steps undo each other forever."""

    name = "oscillating-progress"
    does = "alternates forever between a percentage and the next one (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 40.0

    def reached(self, beat: Beat) -> None:
        low = self.value or 0.0
        swing = cycle((low + 1, low))
        forever(lambda: beat(next(swing)))


class FallingProgress(Stuck):
    """A counter that was subtracted the wrong way round."""

    name = "falling-progress"
    does = "counts down to 0 from a percentage and stays there (parameter: the percentage)"
    clause = "LIV-2"
    parameter = 50.0

    def reached(self, beat: Beat) -> None:
        falling = chain(range(int(self.value or 0), 0, -1), repeat(0))
        forever(lambda: beat(float(next(falling))))


class IgnoresSigterm(Stuck):
    """A process that hangs and cannot be asked to leave."""

    name = "ignores-sigterm"
    does = "stops forever at a percentage and ignores SIGTERM (parameter: the percentage)"
    clause = "LIV-2"

    def reached(self, beat: Beat) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forever()


class LateResult(Fault):
    """A process that was given up comes back with its result anyway."""

    name = "late-result"
    does = "hangs halfway until it is told to stop, and then delivers after all"
    clause = "LIV-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.asked = threading.Event()

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= 50:
            signal.signal(signal.SIGTERM, lambda *_: self.asked.set())
            self.asked.wait()
        return percent


# A process hangs in a stage around the steps.


class Stall(Fault):
    """What the faults have in common that strike when a process enters a stage."""

    parameter = 0.0
    during: ClassVar[State]
    every_other: ClassVar[bool] = False

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        if name == self.during and (self.launch % 2 or not self.every_other):
            forever((lambda: beat(None)) if self.value else None)
        return name


class StallStarting(Stall):
    """A driver that never answers."""

    name = "stall-starting"
    does = "hangs while the first and every other process starts (parameter 1: with heartbeats)"
    clause = "HLT-3"
    during = State.STARTING
    every_other = True


class StallPreloading(Stall):
    """A model file on a disk that does not respond."""

    name = "stall-preloading"
    does = "hangs while the first and every other process loads its model (1: with heartbeats)"
    clause = "HLT-3"
    during = State.PRELOADING
    every_other = True


class StallDownloading(Stall):
    """A download without a timeout."""

    name = "stall-downloading"
    does = "hangs forever while it downloads a LoRA (parameter 1: with heartbeats)"
    clause = "LIV-2"
    during = State.DOWNLOADING


class StallPostProcessing(Stall):
    """The decoder waits for a lock."""

    name = "stall-post-processing"
    does = "hangs forever between 100 % and the result (parameter 1: with heartbeats)"
    clause = "LIV-2"
    during = State.POST_PROCESSING


# The miner itself


class QueueLost(Fault):
    """The queue is written back from a stale copy."""

    name = "queue-lost"
    does = "forgets all waiting jobs when it takes one; they stay `queued` forever"
    clause = "LIV-3"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return jobs[:1]


class StatusUnanswered(Fault):
    """The worker holds the lock that the status answer needs."""

    name = "status-unanswered"
    does = "leaves polls of a job unanswered once it has started (parameter: seconds)"
    clause = "LIV-1"
    parameter = 10.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.status is Status.QUEUED:
            return answer
        return replace(answer, delay=self.value or 0.0)

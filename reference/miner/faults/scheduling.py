"""Faults of the order and the course of jobs, with and without trainings."""

import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import inf

from reference.miner.answers import iso, problem
from reference.miner.jobs import Ending, Job, Status
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.seams import Answer, Beat, Delivery, Fault
from reference.miner.settings import Settings

MORE = 2**31
RESTART = 4  # the job that is submitted right after it


# The order


class NewestFirst(Fault):
    """The queue is a stack."""

    name = "newest-first"
    does = "starts the newest job first"
    clause = "SCH-3"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return sorted(jobs, key=lambda job: -job.number)


class BlocksBackwards(Fault):
    """Jobs are taken from the database in pages, the last row of a page first."""

    name = "blocks-backwards"
    does = "starts jobs in blocks of ten, the last of each block first"
    clause = "SCH-4"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return sorted(jobs, key=lambda job: (job.number // 10, -job.number))


class JobForgotten(Fault):
    """A job is taken from the queue although its worker is not free."""

    name = "job-forgotten"
    does = "forgets the fourth job while others wait"
    clause = "SCH-8"

    def queue(self, jobs: list[Job]) -> list[Job]:
        return [job for job in jobs if job.number != 4] or jobs


class RestartForgets(Fault):
    """What was accepted is kept in memory only."""

    name = "restart-forgets"
    does = "forgets all jobs in flight once the fourth is submitted"
    clause = "SCH-1"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.known: list[Job] = []
        self.forgotten: set[str] = set()

    def submitted(self, job: Job, answer: Answer) -> Answer:
        if job.number == RESTART:
            self.forgotten |= {one.key for one in self.known if not one.terminal}
        self.known.append(job)
        return answer

    def polled(self, job: Job, answer: Answer) -> Answer:
        return problem(404, "no such job") if job.key in self.forgotten else answer

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [] if job.key in self.forgotten else deliveries


# The course


class ExecutedTwice(Fault):
    """Two workers take the same job, and each delivers its end."""

    name = "executed-twice"
    does = "delivers each job twice, with ends a quarter of a second apart"
    clause = "SCH-7"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        second = {"completed_at": iso(job.ended_at and job.ended_at + timedelta(seconds=0.25))}
        return deliveries + [
            replace(one, fields=one.fields | second, delay=0.25) for one in deliveries
        ]


class SlowsDown(Fault):
    """A list that is searched grows with each job."""

    name = "slows-down"
    does = "takes longer for each job than for the one before (parameter: seconds)"
    clause = "SCH-6"
    parameter = 0.3

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=task.seconds + (self.value or 0) * (job.number - 1))


class Crash(Fault):
    """A native library writes to memory that is not its own."""

    name = "crash"
    does = "ends the inference process with SIGSEGV at a percentage (parameter: the percentage)"
    clause = "SCH-2"
    parameter = 42.0

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= (self.value or 0):
            os.kill(os.getpid(), signal.SIGSEGV)
        return percent


class OutOfMemory(Fault):
    """The process asks for more memory than it may have."""

    name = "out-of-memory"
    does = "runs into its memory limit halfway; the job fails and the process goes on"
    clause = "SCH-2"

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        if percent is not None and percent >= 50:
            limits = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (MORE, limits[1]))
            try:
                bytearray(MORE)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, limits)
        return percent


# Trainings during jobs


class TrainingRefused(Fault):
    """The training queue is not set up."""

    name = "training-refused"
    does = "answers 500 to training requests"
    clause = "TRN-1"

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        return Answer(500, {"detail": "no queue"})


class TrainingInterrupts(Fault):
    """Training takes the engine away from the jobs that are in it."""

    name = "training-interrupts"
    does = "fails the jobs that are in flight when a training begins"
    clause = "TRN-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.interrupted: set[str] = set()

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.interrupted |= {job.key for job in in_flight}
        return answer

    def ended(self, job: Job, ending: Ending) -> Ending:
        if job.key not in self.interrupted:
            return ending
        return Ending(status=Status.FAILED, error="the engine was stopped for training")


class TrainingHalts(Fault):
    """Training gets the device, and inference what is left of it."""

    name = "training-halts"
    does = "takes much longer for each job once a training has begun (parameter: seconds)"
    clause = "TRN-4"
    parameter = 6.0

    begun = False

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.begun = True
        return answer

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, seconds=self.value or 0) if self.begun else task


class TrainingStays(Fault):
    """The trained weights stay in the model that draws."""

    name = "training-stays"
    does = "draws in another style after a training"
    clause = "TRN-3"
    begun = False

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.begun = True
        return answer

    def task(self, job: Job, task: Task) -> Task:
        return replace(task, lora=LORAS[0]) if self.begun else task


class TrainingStaysLater(Fault):
    """The trained weights replace those of the loaded model when the training ends."""

    name = "training-stays-later"
    does = "draws in slightly other colours once a training has ended"
    clause = "TRN-3"
    ends: float = inf
    seconds: float = 0.0

    def settings(self, settings: Settings) -> Settings:
        self.seconds = settings.training_seconds
        return settings

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.ends = time.monotonic() + self.seconds
        return answer

    def task(self, job: Job, task: Task) -> Task:
        changed = time.monotonic() > self.ends
        return replace(task, guidance=task.guidance + 1) if changed else task


class TrainingBlocksServer(Fault):
    """The training begins in the thread that answers."""

    name = "training-blocks-server"
    does = "answers no submission and no poll for a while after a training begins (parameter: s)"
    clause = "POL-13"
    parameter = 2.5
    until: float = 0.0

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        self.until = time.monotonic() + (self.value or 0)
        return answer

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return self.blocked(answer)

    def polled(self, job: Job, answer: Answer) -> Answer:
        return self.blocked(answer)

    def blocked(self, answer: Answer) -> Answer:
        time.sleep(max(0.0, self.until - time.monotonic()))
        return answer

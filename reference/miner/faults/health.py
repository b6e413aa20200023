"""Faults of the health answer."""

from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.jobs import Job
from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.seams import Answer, Fault

TEXT = "text/plain"
A_DAY = 86_400.0  # seconds


class IdleUnhealthy(Fault):
    """Health looks for work instead of for workers."""

    name = "idle-unhealthy"
    does = "answers health checks with 503 while there is no work"
    clause = "HLT-1"

    def health(self, answer: Answer) -> Answer:
        return answer if fields_of(answer)["in_flight"] else replace(answer, code=503)


class BusyUnhealthy(Fault):
    """Busy is mistaken for ill."""

    name = "busy-unhealthy"
    does = "answers health checks with 503 while there is work"
    clause = "HLT-2"

    def health(self, answer: Answer) -> Answer:
        return replace(answer, code=503) if fields_of(answer)["in_flight"] else answer


class SlowHealth(Fault):
    """Health waits for a lock that the work holds."""

    name = "slow-health"
    does = "answers health checks late (parameter: seconds)"
    clause = "HLT-4"
    parameter = 1.3

    def health(self, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)


class EngineDies(Fault):
    """What the faults have in common where an exception ends the engine; the server lives on."""

    dead = False

    def task(self, job: Job, task: Task) -> Task:
        if self.dead:
            return replace(task, seconds=A_DAY)
        self.dead = self.kills(task)
        return task

    def kills(self, task: Task) -> bool:
        raise NotImplementedError


class LoraKillsEngine(EngineDies):
    """The engine looks for a file that is not there."""

    name = "lora-kills-engine"
    does = "stops working after a job with an unknown LoRA, and still reports healthy"
    clause = "HLT-3"

    def kills(self, task: Task) -> bool:
        return task.lora is not None and task.lora not in LORAS


class EngineDiesAtOnce(EngineDies):
    """The job that the engine dies of does not end either."""

    def task(self, job: Job, task: Task) -> Task:
        task = super().task(job, task)
        return replace(task, seconds=A_DAY) if self.kills(task) else task


class NegativeSeedKillsEngine(EngineDiesAtOnce):
    """A generator that takes no negative seed, in the thread that does all work."""

    name = "negative-seed-kills-engine"
    does = "stops working at a job with a seed below 0"
    clause = "SCH-9"

    def kills(self, task: Task) -> bool:
        return task.seed < 0


class SizeKillsEngine(EngineDiesAtOnce):
    """Buffers of one size, made when the engine starts."""

    name = "size-kills-engine"
    does = "stops working at a job of any size but its own (parameter: width and height)"
    clause = "SCH-9"
    parameter = 1024.0

    def kills(self, task: Task) -> bool:
        return (task.width, task.height) != (self.value, self.value)


class HealthCrashesOnce(Fault):
    """A list changes while it is counted."""

    name = "health-crashes-once"
    does = "answers its fourth health check with 500"
    clause = "HLT-5"
    asked = 0

    def health(self, answer: Answer) -> Answer:
        self.asked += 1
        return answer if self.asked != 4 else Answer(500, b"Internal Server Error", kind=TEXT)


class HealthAsTextOnce(Fault):
    """A proxy answers in place of a miner that is slow."""

    name = "health-as-text-once"
    does = "answers its fourth health check with plain text in place of JSON"
    clause = "HLT-5"
    asked = 0

    def health(self, answer: Answer) -> Answer:
        self.asked += 1
        return answer if self.asked != 4 else Answer(200, b"OK", kind=TEXT)

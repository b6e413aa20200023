"""Faults of status answers: the word, the progress, the times, and whether there is an answer."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reference.miner.answers import fields_of, iso, saying, without
from reference.miner.jobs import Job, Status
from reference.miner.seams import Answer, Fault

# The word


class StrangeWord(Fault):
    """A private word for a job that is being worked on."""

    name = "strange-word"
    does = "says `running` where it should say `processing`"
    clause = "POL-1"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.status is not Status.PROCESSING:
            return answer
        return saying(answer, status="running")


class BackToQueued(Fault):
    """Two places write the status."""

    name = "back-to-queued"
    does = "says `queued` about a job after `processing`"
    clause = "POL-2"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.status is Status.PROCESSING
        back = job.status is Status.PROCESSING and self.told[job.key] > 1
        return saying(answer, status="queued") if back else answer


class ComesBack(Fault):
    """A clean-up puts a finished job back into the queue."""

    name = "comes-back"
    does = "says `processing` about a job after `completed`"
    clause = "POL-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.callback is not None
        return saying(answer, status="processing") if self.told[job.key] > 1 else answer


class EndsTwice(Fault):
    """The end of the callback is taken for the end of the job."""

    name = "ends-twice"
    does = "says `failed` about a job after `completed`"
    clause = "POL-3"

    def __init__(self, value: float | None = None) -> None:
        super().__init__(value)
        self.told = Counter[str]()

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.told[job.key] += job.callback is not None
        return saying(answer, status="failed") if self.told[job.key] > 1 else answer


class EndsOtherwiseLater(Fault):
    """A clean-up takes jobs that nobody asks about any more for dead ones."""

    name = "ends-otherwise-later"
    does = "says `failed` some time after a job has completed (parameter: seconds)"
    clause = "POL-3"
    parameter = 1.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        since = (datetime.now(UTC) - job.ended_at).total_seconds()
        return saying(answer, status="failed") if since > (self.value or 0) else answer


class FailureUnexplained(Fault):
    """The reason is logged and not kept."""

    name = "failure-unexplained"
    does = "does not say why a job failed"
    clause = "POL-12"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "error")


# Progress


class ProgressTooHigh(Fault):
    """A fraction is multiplied once too often."""

    name = "progress-too-high"
    does = "reports progress above 100"
    clause = "POL-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if not progress else saying(answer, progress=100 * progress)


class ProgressNegative(Fault):
    """A count of steps begins below zero."""

    name = "progress-negative"
    does = "reports progress below 0"
    clause = "POL-4"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if progress is None else saying(answer, progress=progress - 101)


class Countdown(Fault):
    """What is left is reported in place of what is done."""

    name = "countdown"
    does = "reports progress that falls from 100 to 0"
    clause = "POL-5"

    def polled(self, job: Job, answer: Answer) -> Answer:
        progress = fields_of(answer).get("progress")
        return answer if progress is None else saying(answer, progress=100 - progress)


# Times


class NoEndTime(Fault):
    """The last write of the record leaves a field out."""

    name = "no-end-time"
    does = "does not say when a job ended"
    clause = "POL-6"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return without(answer, "completed_at")


class EpochTimes(Fault):
    """A number of seconds goes out as it came from the clock."""

    name = "epoch-times"
    does = "gives times as seconds since 1970"
    clause = "POL-7"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=job.ended_at.timestamp())


class SpokenTimes(Fault):
    """A time is given as people say it."""

    name = "spoken-times"
    does = "gives times in words, such as Monday, 30 November 2026, 21:10"
    clause = "POL-7"

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=f"{job.ended_at:%A, %d %B %Y, %H:%M}")


class NaiveTimes(Fault):
    """A time without the zone that it is in."""

    name = "naive-times"
    does = "gives times without an offset"
    clause = "POL-8"

    def polled(self, job: Job, answer: Answer) -> Answer:
        text = str(fields_of(answer).get("completed_at", ""))
        return saying(answer, completed_at=text.removesuffix("Z")) if text else answer


class LocalTimes(Fault):
    """Local time is given as if it were UTC."""

    name = "local-times"
    does = "gives times that are hours off (parameter: hours)"
    clause = "POL-9"
    parameter = 2.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=iso(job.ended_at + timedelta(hours=self.value or 0)))


class EndsBeforeStart(Fault):
    """The wrong one of two times is given."""

    name = "ends-before-start"
    does = "gives an end that is before the start (parameter: seconds)"
    clause = "POL-9"
    parameter = 30.0

    def polled(self, job: Job, answer: Answer) -> Answer:
        if job.ended_at is None:
            return answer
        return saying(answer, completed_at=iso(job.queued_at - timedelta(seconds=self.value or 0)))


# The answer itself


class StatusOfAnother(Fault):
    """The last answer is cached for every client."""

    name = "status-of-another"
    does = "answers a poll with the status of the job that was polled before"
    clause = "POL-10"
    before: Answer | None = None

    def polled(self, job: Job, answer: Answer) -> Answer:
        before, self.before = self.before, answer
        return before or answer


class HalfAStatus(Fault):
    """The record is read while it is written."""

    name = "half-a-status"
    does = "cuts every third status answer in half"
    clause = "POL-11"
    asked = 0

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.asked += 1
        text = json.dumps(fields_of(answer)).encode()
        return answer if self.asked % 3 else replace(answer, body=text[: len(text) // 2])


class StatusCrash(Fault):
    """Two requests at once are one too many."""

    name = "status-crash"
    does = "answers every third poll with 500"
    clause = "POL-11"
    asked = 0

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.asked += 1
        return answer if self.asked % 3 else Answer(500, {"detail": "internal server error"})


class SlowStatus(Fault):
    """The status waits for a lock that the work holds."""

    name = "slow-status"
    does = "answers each poll late (parameter: seconds)"
    clause = "POL-13"
    parameter = 1.3

    def polled(self, job: Job, answer: Answer) -> Answer:
        return replace(answer, delay=self.value or 0.0)


class CompletedWithError(Fault):
    """The error of the first attempt stays when the second one succeeds."""

    name = "completed-with-error"
    does = "shows an error text in the status of completed jobs"
    clause = "POL-14"

    def polled(self, job: Job, answer: Answer) -> Answer:
        return saying(answer, error="attempt 1: out of memory") if job.image else answer

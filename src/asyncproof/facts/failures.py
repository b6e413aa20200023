"""Why jobs failed, in the miner's words; which jobs were alone when they did."""

import re

from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import TERMINAL

LORA = "lora_path"
OF_ONE_JOB = re.compile(r"[0-9a-f-]{8,}|\d+")  # ids and numbers, in the words of an error


def error_of(job: JobRecord) -> str:
    """As it was told with its end, else by the last poll that tells a reason."""
    told = job.terminal.job_error if job.terminal else None
    last = next((p.job_error for p in reversed(job.polls) if p.job_error), None)
    return told or last or "no reason given"


def failure(job: JobRecord) -> str | None:
    """How it ended and why, without what is of this job alone; None where it did not fail."""
    if job.completed or job.final_status not in TERMINAL:
        return None
    return f"{job.final_status}: {OF_ONE_JOB.sub('#', error_of(job))}"


def was_alone(history: History, job: JobRecord) -> bool:
    """Whether no other job was in flight while this one was."""
    began, ended = _span(job)
    others = (other for other in history.accepted if other.name != job.name)
    return not any(start < ended and began < end for start, end in map(_span, others))


def _span(job: JobRecord) -> tuple[float, float]:
    return job.submitted.at, job.terminal.at if job.terminal else float("inf")


def foreign_lora(history: History, job: JobRecord) -> JobRecord | None:
    """The job whose LoRA the error of this one is about, though this one did not ask for it."""
    error, asked = error_of(job), job.submitted.request.get(LORA)
    if failure(job) is None or (asked and str(asked) in error):
        return None
    others = (other for other in history if other.submitted.request.get(LORA))
    return next((o for o in others if str(o.submitted.request[LORA]) in error), None)

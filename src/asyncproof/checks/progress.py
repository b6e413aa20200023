"""POL: the percentage in the polled status, where there is one."""

from collections.abc import Iterator

from asyncproof.facts.polls import own_polls, sent_after
from asyncproof.harness.verdict import NotApplicable, Ruling, check
from asyncproof.history.events import Polled
from asyncproof.history.history import History, JobRecord

SILENT = NotApplicable("the miner reports no progress, which is optional")


def reported(job: JobRecord) -> list[Polled]:
    return [p for p in own_polls(job) if p.progress is not None]


@check("POL-4", every_job=True)
def progress_is_a_percentage(history: History) -> Iterator[Ruling]:
    """Progress is a number from 0 to 100."""
    if history.accepted and not any(map(reported, history.accepted)):
        yield SILENT
    for job in history.accepted:
        strange = next((p for p in reported(job) if not 0 <= (p.progress or 0) <= 100), None)
        if strange is not None:
            yield job.finding(
                "POL-4",
                "progress from 0 to 100",
                f"{strange.progress:g}",
                at=strange.at,
                advice="tell percent of the whole job: steps that are done, of all, times 100",
                cause="below 0" if (strange.progress or 0) < 0 else "above 100",
            )
        elif reported(job):
            yield None


@check("POL-5", every_job=True)
def progress_does_not_fall(history: History) -> Iterator[Ruling]:
    """While a job is processed, its progress does not fall."""
    if history.accepted and not any(map(reported, history.accepted)):
        yield SILENT
    for job in history.accepted:
        fall = _fall(job)
        if fall is not None:
            high, low = fall
            passes = _passes(job)
            yield job.finding(
                "POL-5",
                f"{high.progress:g} % or more, as it was {low.at - high.at:.1f} s before",
                f"{low.progress:g} %" + (f", in one of {passes} passes" if passes > 1 else ""),
                at=low.at,
                advice=SEVERAL_PASSES if passes > 1 else FALLING,
                cause="progress of each of several passes" if passes > 1 else "falling progress",
            )
        elif reported(job):
            yield None


FALLING = "the percentage counts down, swings between two writers, or a step is done again"
SEVERAL_PASSES = (
    "the work is done in several passes, each from 0 to 100 %: tell percent of the whole job"
)
NEAR_THE_END, NEAR_THE_START = 80.0, 30.0  # percent; polls see a pass at intervals only


def _passes(job: JobRecord) -> int:
    """How often the progress ran from near 0 to near 100 while the job was processed."""
    passes, high = 0, False
    for poll in (p for p in reported(job) if p.status in ("processing", "completed")):
        progress = poll.progress or 0.0
        if not high and progress >= NEAR_THE_END:
            passes, high = passes + 1, True
        elif progress <= NEAR_THE_START:
            high = False
    return passes


def _fall(job: JobRecord) -> tuple[Polled, Polled] | None:
    highest: Polled | None = None
    for poll in (p for p in reported(job) if p.status == "processing"):
        if highest is None or (poll.progress or 0) >= (highest.progress or 0):
            highest = poll
        elif sent_after(poll, highest):
            return highest, poll
    return None

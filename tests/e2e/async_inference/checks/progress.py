"""POL: the percentage in the polled status, where there is one."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks.polling import own_polls, sent_after
from tests.e2e.async_inference.events import Polled
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import NotApplicable, Ruling, check

SILENT = NotApplicable("the miner reports no progress, which is optional")


def reported(job: JobRecord) -> list[Polled]:
    return [p for p in own_polls(job) if p.progress is not None]


@check("POL-4")
def progress_is_a_percentage(history: RunHistory) -> Iterator[Ruling]:
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


@check("POL-5")
def progress_does_not_fall(history: RunHistory) -> Iterator[Ruling]:
    """While a job is processed, its progress does not fall."""
    if history.accepted and not any(map(reported, history.accepted)):
        yield SILENT
    for job in history.accepted:
        fall = _fall(job)
        if fall is not None:
            high, low = fall
            yield job.finding(
                "POL-5",
                f"{high.progress:g} % or more, as it was {low.at - high.at:.1f} s before",
                f"{low.progress:g} %",
                at=low.at,
                advice="the percentage counts down, swings between two writers, or a step is "
                "done again",
                cause="falling progress",
            )
        elif reported(job):
            yield None


def _fall(job: JobRecord) -> tuple[Polled, Polled] | None:
    highest: Polled | None = None
    for poll in (p for p in reported(job) if p.status == "processing"):
        if highest is None or (poll.progress or 0) >= (highest.progress or 0):
            highest = poll
        elif sent_after(poll, highest):
            return highest, poll
    return None

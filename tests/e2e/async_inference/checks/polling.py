"""POL: what the polled status says of a job."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks import liveness
from tests.e2e.async_inference.diagnosis import Life
from tests.e2e.async_inference.protocol import STATUSES
from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Ruling, check


@check("POL-1")
def status_words_are_legal(history: RunHistory) -> Iterator[Ruling]:
    """Every status is one of the five words of the protocol."""
    for job in history.accepted:
        strange = next((p for p in job.polls if p.status and p.status not in STATUSES), None)
        if strange is not None:
            yield job.finding(
                "POL-1",
                f"one of {', '.join(sorted(STATUSES))}",
                repr(strange.status),
                at=strange.at,
                cause=f"status {strange.status!r}",
            )
        elif job.polls:
            yield None


@check("POL-11")
def every_poll_is_answered(history: RunHistory) -> Iterator[Ruling]:
    """A poll of an accepted job is answered 200 with a JSON object that can be understood.

    A job about which the miner fell silent for good is LIV-1's.
    """
    for job in history.accepted:
        silent = liveness.unanswered(job) and liveness.diagnosis(job, Life.DEAD)
        asked = [p for p in job.polls if not (silent and p.error)]
        bad = next((p for p in asked if p.error or p.problems or p.status_code != 200), None)
        if bad is not None:
            told = bad.error or "; ".join(bad.problems) or "no status"
            yield job.finding(
                "POL-11",
                "200 with a readable status",
                f"{bad.status_code or 'no answer'}: {told}",
                at=bad.at,
                cause=f"poll answered {bad.status_code or 'not at all'}: {told[:40]}",
            )
        elif asked:
            yield None

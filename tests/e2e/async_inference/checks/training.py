"""TRN: training beside inference. A miner that offers none owes nothing here."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks.images import broken_rule, pictures
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Finding, NotApplicable, Ruling, check

TRAIN = "train"
NOT_OFFERED = frozenset({404, 405, 501, 503})


def training(history: RunHistory) -> tuple[list[Probed], NotApplicable | None]:
    """The training requests that the miner took up, or why it owes nothing."""
    asked = history.probed(TRAIN)
    refused = [p for p in asked if p.status_code in NOT_OFFERED]
    if asked and len(refused) == len(asked):
        return [], NotApplicable(
            f"the miner offers no training (answered {refused[0].status_code})"
        )
    return [p for p in asked if p not in refused], None


@check("TRN-1")
def training_is_answered(history: RunHistory) -> Iterator[Ruling]:
    """A training request is answered 200 or 202."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    for probe in asked:
        if probe.status_code in (200, 202):
            yield None
        else:
            got = probe.error or f"{probe.status_code} {probe.body[:120]!r}"
            yield Finding("TRN-1", "POST /train", "200 or 202", got, probe.at)


@check("TRN-2")
def inference_survives_training(history: RunHistory) -> Iterator[Ruling]:
    """Jobs in flight while training begins complete, with whole pictures."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    for job in history.accepted if asked else []:
        harm = _harm(history, job)
        if not harm:
            yield None
        else:
            yield job.finding(
                "TRN-2",
                "completed with a whole picture, training or not",
                harm,
                at=job.polls[-1].at if job.polls else None,
                advice="training and inference share a worker, a model or a file; separate them",
                cause="harmed by training",
            )


def _harm(history: RunHistory, job: JobRecord) -> str:
    if not job.completed:
        error = next((p.job_error for p in reversed(job.polls) if p.job_error), None)
        return f"{job.final_status}" + (f": {error}" if error else "")
    reasons = (broken_rule(history, job, picture) for _, picture, _ in pictures(job))
    return next((reason for reason in reasons if reason), "")

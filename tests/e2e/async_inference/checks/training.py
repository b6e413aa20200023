"""TRN: training beside inference. A miner that offers none owes nothing here."""

from collections.abc import Iterator
from statistics import median

from tests.e2e.async_inference.checks.identity import NOT_REPEATABLE, drawn, is_repeatable, twins
from tests.e2e.async_inference.checks.images import broken_rule, pictures
from tests.e2e.async_inference.checks.probes import said
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Finding, NotApplicable, Ruling, check

TRAIN = "train"
# Training may share the device with inference; ten times slower is a halt.
HALT, GRACE = 10.0, 1.0
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
            advice = "a miner without training answers 404, 405, 501 or 503"
            yield Finding("TRN-1", "POST /train", "200 or 202", said(probe), probe.at, advice)


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


@check("TRN-3")
def pictures_after_training_are_as_before(history: RunHistory) -> Iterator[Ruling]:
    """A request that was repeatable before a training gives the same picture after it."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    for group in twins(history) if asked else []:
        before = [job for job in group if job.submitted.at < asked[0].at]
        after = group[len(before) :]
        if len(before) < 2 or not is_repeatable(before):
            yield NOT_REPEATABLE
            continue
        for job in after:
            if drawn(job) == drawn(before[0]):
                yield None
            else:
                yield job.finding(
                    "TRN-3",
                    f"the picture of {before[0].shown}, which asked for the same before the "
                    "training",
                    "another picture",
                    at=job.submitted.at,
                    advice="train a copy of the weights, and leave the loaded model alone",
                    cause="pictures change with a training",
                )


@check("TRN-4")
def training_does_not_stop_inference(history: RunHistory) -> Iterator[Ruling]:
    """Jobs after a training request take no more than ten times as long as before it."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    if not asked:
        return
    times = [(j, j.since_submission(j.terminal.at)) for j in history.accepted if j.terminal]
    before = [took for job, took in times if job.submitted.at < asked[0].at]
    if not before:
        return
    for job, took in times[len(before) :]:
        limit = HALT * median(before) + GRACE
        if took <= limit:
            yield None
        else:
            yield job.finding(
                "TRN-4",
                f"an end within {limit:.1f} s ({HALT:g} times the {median(before):.1f} s before "
                f"training, and {GRACE:g} s)",
                f"one after {took:.1f} s",
                at=job.submitted.at,
                advice="let inference go before training on a device that they share",
                cause="training brings inference to a halt",
            )

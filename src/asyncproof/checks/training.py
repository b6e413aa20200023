"""TRN: training beside inference. A miner that offers none owes nothing here."""

from collections.abc import Iterator
from statistics import median

from asyncproof.facts.answers import refused, said
from asyncproof.facts.damage import apart, broken_rule
from asyncproof.facts.equal_requests import NOT_REPEATABLE, drawn, equal_requests, is_repeatable
from asyncproof.facts.pictures import pictures
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Probed
from asyncproof.history.history import History, JobRecord
from asyncproof.workload.special_cases import BEGUN

TRAIN = "train"
# Training may share the device with inference; ten times slower is a halt.
HALT, GRACE = 10.0, 1.0
NOT_OFFERED = frozenset({404, 405, 501, 503})
STARTED = frozenset({200, 201, 202})


def training(history: History) -> tuple[list[Probed], NotApplicable | None]:
    """The training requests that the miner took up, or why it owes nothing."""
    asked = history.probed(TRAIN)
    not_started = [p for p in asked if p.status_code in NOT_OFFERED or refused(p.status_code)]
    if asked and len(not_started) == len(asked):
        code = not_started[0].status_code
        no_offer = code in NOT_OFFERED
        why = "offers no training" if no_offer else "takes another body for training than ours"
        return [], NotApplicable(f"the miner {why} (answered {code})")
    return [p for p in asked if p not in not_started], None


@check("TRN-1")
def training_is_answered(history: History) -> Iterator[Ruling]:
    """A training request that is not refused is answered 200, 201 or 202."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    for probe in asked:
        if probe.status_code in STARTED:
            yield None
        else:
            asked_at = f"{probe.method} {probe.path}"
            advice = "a miner without training answers 404, 405, 501 or 503"
            yield Finding("TRN-1", asked_at, "200, 201 or 202", said(probe), probe.at, advice)


@check("TRN-2")
def inference_survives_training(history: History) -> Iterator[Ruling]:
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


def _harm(history: History, job: JobRecord) -> str:
    if not job.completed:
        error = next((p.job_error for p in reversed(job.polls) if p.job_error), None)
        ended = job.final_status or "no status of it"
        return f"{ended}: {error}" if error else ended
    reasons = (broken_rule(history, job, picture) for _, picture, _ in pictures(job))
    return next((reason for reason in reasons if reason), "")


@check("TRN-3")
def pictures_after_training_are_as_before(history: History) -> Iterator[Ruling]:
    """A request that was repeatable before a training gives the same picture after it."""
    asked, excuse = training(history)
    yield from [excuse] if excuse else []
    for group in equal_requests(history) if asked else []:
        before = [job for job in group if job.submitted.at < asked[0].at]
        after = group[len(before) :]
        if len(before) < 2:
            yield NotApplicable("fewer than two pictures of one request before the training")
            continue
        exact = is_repeatable(before)
        for job in after:
            yield from _changed(history, job, before[0], exact)


def _changed(history: History, job: JobRecord, before: JobRecord, exact: bool) -> Iterator[Ruling]:
    """By the bytes, or, where those differ without a training too, by the distance from the
    pictures that the same request gave before it; but not beside a training, which is a load."""
    beside = any(job.submitted.at < probe.at for probe in history.probed(BEGUN))
    told = "" if exact else None if beside else apart(history, job)
    drifted = beside and apart(history, job) == ""
    if exact and drawn(job) != drawn(before) and not drifted:
        told = "another picture"
    if not told:
        yield NOT_REPEATABLE if told is None else None
        return
    yield job.finding(
        "TRN-3",
        f"the picture of {before.shown}, which asked for the same before the training",
        told,
        at=job.submitted.at,
        advice="train a copy of the weights, and leave the loaded model alone",
        cause="pictures change with a training",
    )


@check("TRN-4")
def training_does_not_stop_inference(history: History) -> Iterator[Ruling]:
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
                f"an end within {limit:.1f} s ({HALT:g} times the {median(before):.2f} s before "
                f"training, and {GRACE:g} s)",
                f"one after {took:.1f} s",
                at=job.submitted.at,
                advice="give inference priority over training on a device that they share",
                cause="training brings inference to a halt",
            )

"""SUB: ids that the client chooses. A miner that gives ids of its own owes no more than SUB-4."""

from collections import defaultdict
from collections.abc import Iterator

from asyncproof.facts.answers import finding, refused
from asyncproof.facts.pictures import pictures
from asyncproof.harness.verdict import NotApplicable, Ruling, check
from asyncproof.history.events import Polled, Probed
from asyncproof.history.history import History, JobRecord
from asyncproof.wire.protocol import timestamp
from asyncproof.workload.special_cases import CASE, ID_IN_USE, MEANT, Meant

WELL_AFTER = 1.0  # seconds; a callback may leave a moment after the end of its job
OWN_IDS = NotApplicable("the miner gives ids of its own, whatever the client asks for")

ALREADY_ENDED = NotApplicable("the first job was not seen in flight after its id was used again")


def chosen(history: History) -> list[JobRecord]:
    return [job for job in history if job.tags.get(MEANT) == Meant.CHOSEN_ID]


def honoured(job: JobRecord) -> bool:
    return job.job_id == job.submitted.request.get("job_id")


@check("SUB-4")
def chosen_ids_are_honoured(history: History) -> Iterator[Ruling]:
    """A job that was submitted with an id has that id."""
    for job in chosen(history):
        if not job.accepted:
            continue
        if honoured(job):
            yield None
            continue
        asked = job.submitted.request.get("job_id")
        yield job.finding(
            "SUB-4",
            f"the id that the client chose, {asked}",
            f"{job.job_id}",
            at=job.answered.at if job.answered else None,
            advice="a client that asks for its own id gets 404; read job_id from the body",
            cause="another id",
        )


@check("SUB-5")
def ids_in_use_are_refused(history: History) -> Iterator[Ruling]:
    """A second job with the id of one that is in flight is answered 409."""
    for probe in history.probed(ID_IN_USE):
        job = history.by_job_id.get(probe.tags[CASE])
        if job is None or not honoured(job):
            yield OWN_IDS
        elif probe.status_code == 409 or _harmless(probe, job):
            yield None
        elif _was_in_flight(job, probe):
            yield finding(
                "SUB-5",
                probe,
                f"409, since {job.name} ({job.job_id}) was still in flight",
                advice="look the id up before the job is stored: two jobs with one id share their "
                "status, their result and their callback",
                cause=f"answered {probe.status_code}",
            )
        else:
            yield ALREADY_ENDED


def _harmless(probe: Probed, job: JobRecord) -> bool:
    """The second job was taken, with an id of its own."""
    return not refused(probe.status_code) and probe.job_id not in (None, job.job_id)


def _was_in_flight(job: JobRecord, probe: Probed) -> bool:
    """Whether the job had certainly not ended when the second one was answered.

    Polls by an id that two jobs had may show either of them. Then the job's own times decide: it
    ended after the second was queued, both by the miner's clock; or, where no times are told, its
    own callback left well after the second was answered.
    """
    if any(at_work(p) and p.at - p.took > probe.at for p in job.polls):
        return True
    if not any(at_work(p) and p.at - p.took > probe.at for p in job.polls_of_another):
        return False
    delivery = next(iter(job.own_deliveries), None)
    if delivery is None:
        return False
    queued = timestamp(next((p.queued_at for p in job.polls_of_another if p.queued_at), None))
    ended = timestamp(delivery.fields.get("completed_at"))
    if queued is None or ended is None:
        return delivery.began > probe.at + WELL_AFTER
    return ended > queued


def at_work(poll: Polled) -> bool:
    return poll.status in ("queued", "processing")


@check("SUB-14")
def ids_can_be_used_again(history: History) -> Iterator[Ruling]:
    """A job with the id of one that has ended is a new job, with a picture of its own."""
    by_id = defaultdict[object, list[JobRecord]](list)
    for job in chosen(history):
        by_id[job.submitted.request.get("job_id")].append(job)
    for job_id, jobs in by_id.items():
        first, *later = jobs
        if later and first.accepted and not honoured(first):
            yield OWN_IDS
            continue
        ended = first.terminal
        for job in (j for j in later if ended and j.submitted.at > ended.at):
            trouble = _not_new(first, job)
            if not trouble:
                yield None
                continue
            yield job.finding(
                "SUB-14",
                f"a new job, since {first.name} with the id {job_id} has ended",
                trouble,
                at=job.answered.at if job.answered else None,
                advice="forget status, result and files of the old job when its id comes again"
                if job.accepted
                else "refuse an id only while its job is unfinished",
                cause=trouble,
            )


def _not_new(first: JobRecord, job: JobRecord) -> str:
    if not job.accepted:
        return f"refused with {job.answered.status_code if job.answered else 'no answer'}"
    old = {picture.sha256 for _, picture, at in pictures(first) if at < job.submitted.at}
    stale = [source for source, picture, _ in pictures(job) if picture.sha256 in old]
    return f"the old job's picture in the {stale[0]}" if stale else ""

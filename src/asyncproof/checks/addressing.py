"""CBK: each callback goes to the url of its own job and names that job."""

from collections.abc import Iterator

from asyncproof.facts.unreadable import is_unreadable
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.events import Delivered
from asyncproof.history.history import History, JobRecord


@check("CBK-3", every_job=True)
def callbacks_go_to_their_own_url(history: History) -> Iterator[Ruling]:
    """The job_id in a callback is that of the job whose url it came to."""
    for job in history.accepted:
        for delivery in job.callbacks:
            named = delivery.fields.get("job_id")
            if named == job.job_id:
                yield None
            elif named:
                yield _mixed(history, job, delivery, named)
    for delivery in history.orphans:
        owner = _owner_by_secret(history, delivery)
        if owner is not None:
            yield owner.finding(
                "CBK-3",
                "the callback at the url that was submitted as callback_url",
                f"{delivery.method} {delivery.path} with the secret of this job",
                at=delivery.at,
                advice="use callback_url as it is: path, query and all",
                cause="callback at another url than its own",
            )


def _mixed(history: History, job: JobRecord, delivery: Delivered, named: str) -> Finding:
    other = history.by_job_id.get(named)
    shown = f"{named} of {other.name}" if other else f"{named}, which is no job of this run"
    return job.finding(
        "CBK-3",
        f"job_id {job.job_id} in the callback to this job's url",
        f"job_id {shown}",
        at=delivery.at,
        advice="url and body come from different jobs: something that jobs share was overwritten"
        if other
        else "send the job_id that the submission was answered with, and no other callback",
        cause="url of one job, job_id of another",
    )


@check("CBK-25", every_job=True)
def no_callback_is_an_orphan(history: History) -> Iterator[Ruling]:
    """No callback with a secret of this run is about a job that nobody submitted."""
    yield from (None for _ in history.accepted)
    for delivery in history.orphans:
        if is_unreadable(delivery):
            continue  # whose it is, nobody can tell: that is CBK-5's
        known = delivery.secret in ("match", "foreign")
        if known and _owner_by_secret(history, delivery) is None:
            named = delivery.fields.get("job_id", "no readable job_id")
            yield Finding(
                "CBK-25",
                f"{delivery.method} {delivery.path}",
                "callbacks of jobs that were submitted, and of no others",
                f"a callback about {named}",
                delivery.at,
                "the miner sends for a job that is not ours, or under an id that it never gave",
                "a callback of no job",
            )


def _owner_by_secret(history: History, delivery: Delivered) -> JobRecord | None:
    return history.by_token.get(delivery.secret_owner or "")

"""What the jobs and requests of a scenario need of a server, so that no server is asked for what it
does not have. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from asyncproof.workload.needs import NO_NEEDS, Need, Needs
from asyncproof.workload.scenario import CallbackTo, Job, Scenario
from asyncproof.workload.special_cases import BAD_FIELDS, CASE, MEANT, SIZE, Meant

BY_MEANING: Mapping[str, Need] = {
    Meant.REFUSED: Need.REFUSALS,
    Meant.EITHER: Need.UNUSUAL,
    Meant.EXTENDED: Need.UNUSUAL,
    Meant.BARE: Need.UNUSUAL,
    Meant.HOSTILE_ID: Need.CLOSED_PATHS,
}


def fitted(
    scenario: Scenario,
    lacks: Mapping[Need, str],
    *,
    needs: Needs = NO_NEEDS,
    asked: Collection[str] | None = None,
) -> Scenario | str:
    """The scenario without requests that the server has no answer for; or, where its jobs ask for
    something that the server does not have, or nothing would be left, the reason.

    ``needs`` is what it needs beside, for what meets its callbacks. Where jobs cannot be asked for,
    each of them has a callback, which tells of its end. ``asked`` are the fields that a submission
    has a place for (None: all): a bad value for another one would not be sent, so that the job
    would be a good one.
    """
    needs |= _of_jobs(scenario.jobs)
    if Need.CALLBACKS in lacks:
        needs -= {Need.CALLBACK_IDS}  # nothing comes to the plain url
    if missing := _reason(needs, lacks):
        return missing
    requests = [one for one in scenario.requests if not _reason(one.needs, lacks)]
    if scenario.requests and not requests and not scenario.jobs:
        return _reason(scenario.requests[0].needs, lacks)
    sent = [job for job in scenario.jobs if asked is None or _bad_fields(job) <= set(asked)]
    jobs = sent if Need.POLLING not in lacks else map(_with_a_callback, sent)
    return replace(scenario, jobs=tuple(jobs), requests=tuple(requests))


def _bad_fields(job: Job) -> set[str]:
    """The fields that make it a job that must be refused."""
    tags = dict(job.tags)
    return set(BAD_FIELDS.get(tags.get(CASE, ""), {}) if tags.get(MEANT) == Meant.REFUSED else {})


def _with_a_callback(job: Job) -> Job:
    nowhere = job.callback is CallbackTo.NOWHERE
    return replace(job, callback=CallbackTo.OWN_URL) if nowhere else job


def _reason(needs: Needs, lacks: Mapping[Need, str]) -> str:
    return next((lacks[need] for need in sorted(needs) if need in lacks), "")


def _of_jobs(jobs: tuple[Job, ...]) -> Needs:
    return frozenset(need for job in jobs for need in _of(job))


def _of(job: Job) -> Iterator[Need]:
    tags = dict(job.tags)
    if job.lora is not None:
        yield Need.LORAS
    if job.expiry is not None:
        yield Need.EXPIRY
    if job.job_id is not None and tags.get(MEANT) != Meant.REFUSED:
        yield Need.CHOSEN_IDS  # one that is refused can do without: its id only helps to find it
    if job.callback is CallbackTo.PLAIN_URL:
        yield Need.CALLBACK_IDS
    if SIZE in tags:
        yield Need.SIZES
    if tags.get(MEANT, "") in BY_MEANING:
        yield BY_MEANING[tags[MEANT]]

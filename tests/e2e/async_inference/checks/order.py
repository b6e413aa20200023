"""SCH: in which order jobs are taken, who waits for whom, and whether the wait grows."""

from collections.abc import Iterator
from statistics import median

from tests.e2e.async_inference.checks.scheduling import overlap
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import NotApplicable, Ruling, check

# Workers that finish out of turn, or jobs grouped by LoRA, may overtake a few.
SOME, MANY, NEARLY_ALL = 3, 8, 0.8
FEWEST = 6
TWICE, GRACE = 2.0, 0.5


@check("SCH-3")
def no_job_starves(history: RunHistory) -> Iterator[Ruling]:
    """No job waits while nearly all that came after it are taken and ended."""
    for job, overtook in _overtaken(history):
        later = sum(k.submitted.at > _accepted_at(job) for k in history.accepted)
        if len(overtook) < MANY or len(overtook) < NEARLY_ALL * later:
            yield None
        else:
            yield job.finding(
                "SCH-3",
                "to be begun before most jobs that were accepted after it",
                f"{len(overtook)} of {later} later jobs had ended while it was queued",
                at=overtook[-1].submitted.at,
                advice="the queue is a stack, or a rule prefers others as long as there are any",
                cause="starved",
            )


@check("SCH-4")
def jobs_are_taken_in_turn(history: RunHistory) -> Iterator[Ruling]:
    """While a job is queued, no more than a few of those accepted after it end."""
    for job, overtook in _overtaken(history):
        if len(overtook) <= SOME:
            yield None
        else:
            yield job.finding(
                "SCH-4",
                f"at most {SOME} later jobs to end before it is begun",
                f"{len(overtook)}, {overtook[0].name} to {overtook[-1].name}",
                at=overtook[-1].submitted.at,
                advice="serve in order of submission, or group by LoRA within bounds",
                cause="overtaken",
            )


def _overtaken(history: RunHistory) -> Iterator[tuple[JobRecord, list[JobRecord]]]:
    """Each job with those that were submitted after its acceptance and ended before its begin."""
    for job in history.accepted:
        until = _queued_until(history, job)
        yield (
            job,
            [
                later
                for later in history.accepted
                if later.submitted.at > _accepted_at(job)
                and later.terminal is not None
                and later.terminal.at < until
            ],
        )


def _accepted_at(job: JobRecord) -> float:
    return job.answered.at if job.answered else job.submitted.at


def _queued_until(history: RunHistory, job: JobRecord) -> float:
    """A time at which the job was certainly still queued: two polls before it was seen begun."""
    begun = next((p for p in job.polls if p.status not in (None, "queued")), None)
    if begun is None or not any(p.status == "queued" for p in job.polls):
        return job.submitted.at
    settings = history.started.settings if history.started else {}
    return begun.at - begun.took - 2 * float(settings.get("ASYNC_POLL_INTERVAL", 0.5))


@check("SCH-6")
def jobs_do_not_get_slower(history: RunHistory) -> Iterator[Ruling]:
    """Equal jobs, one after another, take as long at the end of a run as at its beginning."""
    ended = [job for job in history.accepted if job.terminal]
    if overlap(ended) > 1:
        yield NotApplicable("the jobs were in flight together")
        return
    if len(ended) < FEWEST:
        return
    times = [job.since_submission(job.terminal.at) for job in ended if job.terminal]
    third = len(times) // 3
    first, last = median(times[:third]), median(times[-third:])
    if last <= TWICE * first + GRACE:
        yield None
    else:
        yield ended[-1].finding(
            "SCH-6",
            f"about {first:.1f} s for a job, as at the beginning",
            f"{last:.1f} s",
            at=ended[-1].submitted.at,
            advice="something grows with each job: a list that is searched, memory, open files",
            cause="jobs get slower",
        )


@check("SCH-8")
def no_job_is_left_behind(history: RunHistory) -> Iterator[Ruling]:
    """No job stays queued beyond its time while jobs that came later, of whomever, complete."""
    for job in history.accepted:
        gave_up = next((g for g in job.gave_up if g.last_state == "queued"), None)
        if job.terminal is not None or gave_up is None:
            yield None
        elif later := _completed_meanwhile(history, job, gave_up.at):
            yield job.finding(
                "SCH-8",
                "to be begun, as later jobs were",
                f"still queued after {gave_up.waited:.1f} s ({_queued_at(history, gave_up.at)} in "
                f"the queue), while {later[0].name} and {len(later) - 1} more that came "
                "later have completed",
                at=gave_up.at,
                advice="the job fell out of the queue, or a rule never lets it have its turn",
                cause="left behind in the queue",
            )


def _completed_meanwhile(history: RunHistory, job: JobRecord, until: float) -> list[JobRecord]:
    """Those that were submitted after the job's acceptance. What completes after ``until`` is no
    sign that the job was passed over: it may have had its turn by then, with nobody looking."""
    return [
        later
        for later in history.accepted
        if later.completed
        and later.submitted.at > _accepted_at(job)
        and later.terminal is not None
        and later.terminal.at < until
    ]


def _queued_at(history: RunHistory, at: float) -> int:
    """How many jobs were last seen queued at that time."""
    seen = ([p.status for p in job.polls if p.status and p.at <= at] for job in history.accepted)
    return sum(statuses[-1:] == ["queued"] for statuses in seen)

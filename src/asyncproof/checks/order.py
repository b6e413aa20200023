"""SCH: in which order jobs are taken, who waits for whom, and whether the wait grows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from statistics import median

from asyncproof.facts.overlap import overlap
from asyncproof.harness.verdict import NotApplicable, Ruling, check
from asyncproof.history.history import History, JobRecord

# Workers that finish out of turn, or jobs grouped by LoRA, may overtake a few.
SOME, MANY, NEARLY_ALL = 3, 8, 0.8
FEWEST = 6
TWICE, GRACE = 2.0, 0.5


@check("SCH-3")
def no_job_starves(history: History) -> Iterator[Ruling]:
    """No job waits while nearly all that came after it are taken and ended."""
    submitted = sorted(job.submitted.at for job in history.accepted)
    for job, overtook in _overtaken(history):
        later = len(submitted) - bisect_right(submitted, _accepted_at(job))
        if len(overtook) < MANY or len(overtook) < NEARLY_ALL * later:
            yield None
        else:
            yield job.finding(
                "SCH-3",
                "to start before most jobs that were accepted after it",
                f"{len(overtook)} of {later} later jobs had ended while it was queued",
                at=overtook[-1].submitted.at,
                advice="the queue is a stack, or a rule prefers others as long as there are any",
                cause="starved",
            )


@check("SCH-4")
def jobs_are_taken_in_turn(history: History) -> Iterator[Ruling]:
    """While a job is queued, no more than a few of those accepted after it end."""
    for job, overtook in _overtaken(history):
        if len(overtook) <= SOME:
            yield None
        else:
            yield job.finding(
                "SCH-4",
                f"at most {SOME} later jobs to end before it starts",
                f"{len(overtook)}, {overtook[0].name} to {overtook[-1].name}",
                at=overtook[-1].submitted.at,
                advice="serve in order of submission, or group by LoRA within bounds",
                cause="overtaken",
            )


def _overtaken(history: History) -> Iterator[tuple[JobRecord, list[JobRecord]]]:
    """Each job with those that were submitted after its acceptance and ended before its begin.

    Of a job whose polls were told to wait (429), the begin is seen late, and says nothing.
    """
    jobs = sorted(history.accepted, key=lambda job: job.submitted.at)
    submitted = [job.submitted.at for job in jobs]
    for job in history.accepted:
        if job.told_to_wait:
            continue
        until = _queued_until(history, job)
        first, end = bisect_right(submitted, _accepted_at(job)), bisect_left(submitted, until)
        meanwhile = jobs[first:end]  # only what was submitted by then can have ended by then
        yield job, [later for later in meanwhile if later.terminal and later.terminal.at < until]


def _accepted_at(job: JobRecord) -> float:
    return job.answered.at if job.answered else job.submitted.at


def _queued_until(history: History, job: JobRecord) -> float:
    """A time at which the job was certainly still queued: two polls before it was seen begun."""
    begun = next((p for p in job.polls if p.status not in (None, "queued")), None)
    if begun is None or not any(p.status == "queued" for p in job.polls):
        return job.submitted.at
    settings = history.started.settings if history.started else {}
    return begun.at - begun.took - 2 * float(settings.get("ASYNC_POLL_INTERVAL", 0.5))


@check("SCH-6")
def jobs_do_not_get_slower(history: History) -> Iterator[Ruling]:
    """Equal jobs, one after another, take as long at the end of a run as at its beginning."""
    ended = [job for job in history.accepted if job.completed]
    if overlap(ended) > 1:
        yield NotApplicable("the jobs were in flight together")
        return
    if len(ended) < FEWEST:
        return
    third = len(ended) // 3
    first, last = median(map(_took, ended[:third])), median(map(_surely_took, ended[-third:]))
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


def _took(job: JobRecord) -> float:
    return job.since_submission(job.terminal.at) if job.terminal else 0.0


def _surely_took(job: JobRecord) -> float:
    """Without the time in which polls of it waited for their answers, which is POL-13's."""
    end = job.terminal.at if job.terminal else 0.0
    waited = sum(poll.took for poll in job.polls if poll.at <= end)
    waited += sum(same.count * same.slowest for same in job.unchanged if same.at <= end)
    return max(0.0, _took(job) - waited)


@check("SCH-8")
def no_job_is_left_behind(history: History) -> Iterator[Ruling]:
    """No job stays queued beyond its time while jobs that came later, of whomever, complete."""
    for job in history.accepted:
        gave_up = next((g for g in job.gave_up if g.last_state == "queued"), None)
        if job.terminal is not None or gave_up is None:
            yield None
        elif later := _completed_meanwhile(history, job, gave_up.at):
            yield job.finding(
                "SCH-8",
                "to start, as later jobs did",
                f"still queued after {gave_up.waited:.1f} s ({_queued_at(history, gave_up.at)} in "
                f"the queue), while {later[0].name} and {len(later) - 1} more that came "
                "later have completed",
                at=gave_up.at,
                advice="the job fell out of the queue, or a rule never lets it have its turn",
                cause="left behind in the queue",
            )


def _completed_meanwhile(history: History, job: JobRecord, until: float) -> list[JobRecord]:
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


def _queued_at(history: History, at: float) -> int:
    """How many jobs were last seen queued at that time."""
    seen = ([p.status for p in job.polls if p.status and p.at <= at] for job in history.accepted)
    return sum(statuses[-1:] == ["queued"] for statuses in seen)

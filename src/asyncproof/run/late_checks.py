"""The last judgement: what holds for every job is judged on every job of the run.

Whichever test sent a job, and whatever that test asked about it, the clauses of :data:`EVERY_JOB`
hold for it, less what was provoked on purpose. Callbacks that came late are seen here as well.

Pure: from the events of a run to results.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from asyncproof.checks import ALL, expiry, liveness, refusals
from asyncproof.facts.applicable import applicable
from asyncproof.facts.observer import without_weak
from asyncproof.facts.provoked import unprovoked
from asyncproof.harness.verdict import Check, CheckResult, Finding, Level, judge
from asyncproof.history.build import split
from asyncproof.history.events import AsyncEvent
from asyncproof.history.history import History, JobRecord

WHOLE_RUN = "whole run"
EVERY_JOB: tuple[Check[History], ...] = tuple(check for check in ALL if check.every_job)
# Judged by jobs that are for them alone; what came late breaks them too.
OF_LATE_CALLBACKS: tuple[Check[History], ...] = (
    expiry.nothing_after_expiry,
    expiry.nothing_once_expired,
    expiry.offsets_are_understood,
    expiry.naive_expiries_break_nothing,
)
# Bad submissions are sent by several tests; what is said of one holds for each.
OF_BAD_SUBMISSIONS: tuple[Check[History], ...] = (
    refusals.bad_submissions_are_refused,
    refusals.empty_prompts_are_refused,
    refusals.bad_submissions_break_nothing,
    refusals.refused_submissions_leave_no_job,
    refusals.refused_jobs_break_no_status,
)
# Whether jobs stand in a queue is a question of those beside them.
OF_EACH_SCENARIO: tuple[Check[History], ...] = (liveness.the_queue_moves,)


def judged_as_a_whole(
    events: Iterable[AsyncEvent],
    levels: Mapping[str, Level],
    told: Iterable[Finding] = (),
) -> tuple[CheckResult, ...]:
    """What the whole run shows beyond ``told``, the findings that its scenarios have reported.

    A check that had nothing to judge is left out: the scenarios have answered for that.
    """
    whole, parts = split(list(events))
    whole = whole.only(_of_whole_scenarios(whole, parts))
    judged = [_applied(check, whole, levels) for check in EVERY_JOB]
    late = applicable((*OF_LATE_CALLBACKS, *OF_BAD_SUBMISSIONS), whole)
    judged += judge(whole, late, levels=levels).results
    ended = [part for part in parts if part.finished is not None]
    judged += [_applied(check, part, levels) for part in ended for check in OF_EACH_SCENARIO]
    new = without_told(judged, told)
    return tuple(replace(r, scenario=WHOLE_RUN) for r in new if r.judged or r.crash or r.doubts)


def told_once(
    results: Iterable[CheckResult], earlier: Iterable[CheckResult]
) -> tuple[CheckResult, ...]:
    """These results without what earlier ones have said of the same jobs: tests share jobs."""
    return without_told(results, (finding for result in earlier for finding in result.findings))


def without_told(
    results: Iterable[CheckResult], told: Iterable[Finding]
) -> tuple[CheckResult, ...]:
    known = {_about(finding) for finding in told}
    return tuple(replace(r, findings=tuple(_new(r.findings, known))) for r in results)


def _of_whole_scenarios(whole: History, parts: list[History]) -> Iterator[JobRecord]:
    """Jobs that were followed to their end: what was cut short says nothing."""
    unfinished = (part for part in parts if part.finished is None)
    cut = {job.name for part in unfinished for job in part if not job.settled}
    return (job for job in whole if job.name not in cut)


def _applied(check: Check[History], history: History, levels: Mapping[str, Level]) -> CheckResult:
    checks = applicable([check], history)
    result = judge(unprovoked(history, check.clauses), checks, levels=levels).results[0]
    return without_weak(result, history)


def _about(finding: Finding) -> tuple[str, str]:
    return finding.clause, finding.job or finding.subject


def _new(findings: Iterable[Finding], known: set[tuple[str, str]]) -> Iterator[Finding]:
    return (finding for finding in findings if _about(finding) not in known)

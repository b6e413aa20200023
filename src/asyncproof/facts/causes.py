"""What explains what: findings that are echoes of another one, and which to mend first.

Each rule is a pure function from the evidence to pairs of an echo and its cause. The rules stand in
the order in which they count: the first that explains a finding is taken. An echo is no second
defect, so nobody is given advice for it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from asyncproof.facts.damage import (
    difference,
    differs_in_a_part,
    is_damaged_by_itself,
    looks_blank,
)
from asyncproof.facts.delivery_outcome import came_elsewhere
from asyncproof.facts.equal_requests import lora
from asyncproof.facts.failures import failure
from asyncproof.facts.owing import DELIVERED
from asyncproof.facts.provoked import provocations
from asyncproof.facts.sickness import is_gone
from asyncproof.harness.verdict import CheckResult, Finding
from asyncproof.history.history import History, JobRecord, Recipe
from asyncproof.wire.protocol import CANNOT_CONNECT
from asyncproof.workload.expiries import EXPIRY, Expiry
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.special_cases import CASE

FEWEST_DEAD = 3  # jobs in a row of which none completes: the engine is dead, not the job
TAKEN = range(200, 300)
REFUSED_BY_US = frozenset({401, 403})
TRAIN = "train"
HANGS = ("LIV-1", "LIV-2", "LIV-3", "SCH-1")
TELLS_OF_DEATH = (*HANGS, "SCH-2", "SCH-8", "SUB-1")
CONSEQUENCES = (
    *TELLS_OF_DEATH,
    *("SUB-14", "SUB-15", "SUB-16", "SUB-17", "SEC-3", "POL-11", "TRN-2", "TRN-4"),
    *("CBK-1", "CBK-16", "CBK-20", "EXP-1", "EXP-4", "EXP-5", "EXP-8", "RES-1"),
)
# What is asked for by the id of a job.
TOLD_BY_ID = (
    *("CBK-1", "CBK-3", "CBK-7", "CBK-9", "CBK-27"),
    *(f"CBK-{number}" for number in range(10, 20)),
    *("IDN-1", "IMG-1", "IMG-3", "POL-2", "POL-3", "POL-5", "POL-9", "RES-3", "SCH-7"),
)
PICTURES = ("IMG-1", "IMG-2", "IMG-3", "IMG-4")
PAST = frozenset({Expiry.PASSING, Expiry.OFFSET_PAST, Expiry.NAIVE_PAST})
# What a maintainer would mend first: an engine that is dead, files from outside, pictures of
# others, damaged ones, LoRAs, callbacks, secrets, encoding. What is not named follows.
PRIORITY = (
    *(
        "SCH-9",
        "LIV-1",
        "LIV-2",
        "LIV-3",
        "SCH-1",
        "SCH-8",
        "SCH-2",
        "POL-11",
        "HLT-3",
        "SUB-1",
        "SUB-3",
        "POL-10",
    ),
    *("SEC-4", "SEC-3"),
    *(
        "IDN-1",
        "IMG-3",
        "IMG-1",
        "IMG-2",
        "IMG-4",
        "IMG-5",
        "SUB-14",
        "CBK-9",
        "RES-1",
        "RES-3",
        "RES-4",
    ),
    *("IDN-5", "IDN-4", "IDN-3", "IDN-2", "TRN-2", "TRN-3"),
    *("CBK-21", "CBK-1", "CBK-10", "SCH-7", "CBK-4", "CBK-25", "CBK-3", "CBK-16", "CBK-11"),
    *("SEC-1", "SEC-2", "CBK-2"),
    *("CBK-5", "CBK-6", "CBK-7", "CBK-8"),
)


@dataclass(frozen=True)
class JudgedRun:
    """A whole run and what was found in it."""

    history: History
    findings: tuple[Finding, ...]

    def of(self, *clauses: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.clause in clauses]

    def job(self, finding: Finding) -> JobRecord | None:
        return self.history.jobs.get(finding.job)

    def each(
        self, echoes: Iterable[str], causes: Iterable[str], so: Callable[[JobRecord], object]
    ) -> Iterator["Pair"]:
        """Every echo about a job of which this is so, with the first of the causes."""
        for cause in self.of(*causes)[:1]:
            for echo in self.of(*echoes):
                job = self.job(echo)
                if job is not None and so(job):
                    yield echo, cause

    def by_request(self, causes: Iterable[Finding]) -> dict[Recipe, Finding]:
        """The causes by what their jobs asked for, the LoRA aside."""
        jobs = ((self.job(cause), cause) for cause in causes)
        return {job.recipe[:-1]: cause for job, cause in jobs if job is not None}

    def same_job(self, echoes: Iterable[str], causes: Iterable[str]) -> Iterator["Pair"]:
        by_job = {finding.job: finding for finding in self.of(*causes) if finding.job}
        for echo in self.of(*echoes):
            if echo.job in by_job:
                yield echo, by_job[echo.job]

    @cached_property
    def dead(self) -> list[JobRecord]:
        """The jobs after the last one that completed; none where it was but a few of them, unless
        a plain job after a special one has proven it."""
        ends = (job.terminal.at for job in self.history if job.completed and job.terminal)
        last = max(ends, default=-1.0)
        after = [job for job in self.history if job.submitted.at > last]
        plain = [job for job in after if not provocations(job) & _MAY_FAIL]
        return after if len(plain) >= FEWEST_DEAD or self.of("SCH-9") else []

    @cached_property
    def first_dead(self) -> Finding | None:
        """What was found of the first of the dead ones: it tells it for all."""
        if proven := self.of("SCH-9"):
            return proven[0]
        dead = {job.name: job.submitted.at for job in self.dead}
        telling = [f for f in self.of(*TELLS_OF_DEATH) if f.job in dead]
        return min(telling, key=lambda finding: dead[finding.job], default=None)


Pair = tuple[Finding, Finding]
Explanation = Callable[[JudgedRun], Iterator[Pair]]
_MAY_FAIL = {Provocation.FAILURE, Provocation.UNUSUAL, Provocation.REFUSAL, Provocation.SHARED_ID}


def a_miner_that_is_gone(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody listens any more: whatever is missing from then on is missing for that."""
    told = [finding for finding in seen.findings if CANNOT_CONNECT in finding.actual]
    leads = [f for f in told if f.clause == "LIV-1"] or [f for f in told if f.clause == "SUB-1"]
    if not leads:
        return
    gone = {job.name for job in seen.history if is_gone(job)}
    for finding in seen.findings:
        if finding is not leads[0] and (finding in told or finding.job in gone):
            yield finding, leads[0]


def callbacks_that_never_come(seen: JudgedRun) -> Iterator[Pair]:
    """No job of the run was delivered: it is not for what was special about some of them."""
    if not any(job.deliveries for job in seen.history):
        for cause in seen.of("CBK-1")[:1]:
            for echo in seen.of("EXP-1", "EXP-4", "EXP-5", "CBK-16", "CBK-19"):
                yield echo, cause


def callbacks_that_plain_jobs_miss_too(seen: JudgedRun) -> Iterator[Pair]:
    """The miner says the same of plain jobs, so it is not for what was special about this one."""
    plain = ((job, cause) for cause in seen.of("CBK-1") if (job := seen.job(cause)))
    by_word = {_said_of_callback(job): cause for job, cause in plain if not provocations(job)}
    for echo in seen.of("EXP-1", "EXP-4", "EXP-5", "CBK-19"):
        job = seen.job(echo)
        if job is None or job.deliveries:
            continue
        if (word := _said_of_callback(job)) != DELIVERED and word in by_word:
            yield echo, by_word[word]


def _said_of_callback(job: JobRecord) -> str:
    return (job.section.status if job.section else None) or ""


def a_dead_engine(seen: JudgedRun) -> Iterator[Pair]:
    """After some job no job completes any more: the first of them tells it for all."""
    dead = {job.name for job in seen.dead}
    if seen.first_dead is not None:
        for finding in seen.of(*CONSEQUENCES):
            if finding.job in dead:
                yield finding, seen.first_dead


def one_id_for_several_jobs(seen: JudgedRun) -> Iterator[Pair]:
    """What is asked or told about the id may be of any of them."""
    shared = {job.job_id: cause for cause in seen.of("SUB-3") if (job := seen.job(cause))}
    for echo in seen.of(*TOLD_BY_ID):
        job = seen.job(echo)
        if job is not None and job.job_id in shared:
            yield echo, shared[job.job_id]


def a_status_of_another_job(seen: JudgedRun) -> Iterator[Pair]:
    """What it says is of that job, and links in it lead to pictures of that job."""
    yield from seen.same_job((*TOLD_BY_ID, "RES-1", "SCH-2"), ("POL-10",))
    yield from seen.each(("IDN-1", "RES-4", "SUB-6"), ("POL-10",), lambda _: True)


def a_status_that_breaks_down(seen: JudgedRun) -> Iterator[Pair]:
    """It does so at every url that leads to it, and a path that is not there answers otherwise."""
    broken = [echo for echo in seen.of("SUB-6") if echo.cause != "answered 404"]
    yield from ((echo, cause) for echo in broken for cause in seen.of("POL-11")[:1])


def a_miner_that_is_busy_for_ever(seen: JudgedRun) -> Iterator[Pair]:
    """Valid submissions are refused: so are those that are special in some way."""
    by_code = {_code(seen.job(cause)): cause for cause in seen.of("SUB-1")}
    for echo in seen.of("SUB-15", "SUB-17", "SUB-14", "SUB-4", "EXP-1", "EXP-4", "EXP-5"):
        job = seen.job(echo)
        if job is not None and not job.accepted and _code(job) in by_code:
            yield echo, by_code[_code(job)]


def _code(job: JobRecord | None) -> int | None:
    return job.answered.status_code if job and job.answered else None


def bodies_that_break_the_miner(seen: JudgedRun) -> Iterator[Pair]:
    """A hostile id is refused like any other bad body, and this miner breaks down as it refuses."""
    for cause in seen.of("SUB-9")[:1]:
        for echo in seen.of("SEC-3"):
            job = seen.job(echo)
            if job is not None and not job.accepted:
                yield echo, cause


def an_answer_without_an_id(seen: JudgedRun) -> Iterator[Pair]:
    """Its callback is about an id that was never told."""
    nameless = [f for f in seen.of("SUB-1") if _code(seen.job(f)) in TAKEN]
    yield from ((echo, cause) for echo in seen.of("CBK-25") for cause in nameless[:1])


def jobs_that_fail_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """Plain jobs fail with the same error, so it is not what was special about this one."""
    by_error = {failure(job): cause for cause in seen.of("SCH-2") if (job := seen.job(cause))}
    for echo in seen.of("SUB-15", "SUB-17", "EXP-8", "CBK-20", "TRN-2", "SEC-3"):
        job = seen.job(echo)
        if job is not None and failure(job) in by_error:
            yield echo, by_error[failure(job)]


def jobs_that_hang_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """Plain jobs hang at the same percentage, so it is not what was special about this one."""
    plain = [(job, cause) for cause in seen.of("LIV-2") if (job := seen.job(cause))]
    by_progress = {_percent(job): cause for job, cause in plain if not provocations(job)}
    for echo in seen.of("SUB-15", "SUB-16", "SUB-17", "EXP-8", "TRN-2", "SEC-3"):
        job = seen.job(echo)
        if job is not None and job.gave_up and not job.terminal and _percent(job) in by_progress:
            yield echo, by_progress[_percent(job)]


def _percent(job: JobRecord) -> float:
    """How far the job came."""
    return max((poll.progress or 0.0 for poll in job.polls), default=0.0)


def a_job_that_hangs(seen: JudgedRun) -> Iterator[Pair]:
    yield from seen.same_job(("LIV-3",), ("SCH-8",))  # others were done, and this one was not
    yield from seen.same_job(("SCH-8", "TRN-2", "CBK-16", "SCH-3", "SCH-4"), HANGS)


def an_end_that_is_taken_back(seen: JudgedRun) -> Iterator[Pair]:
    """What goes by the end of a job goes wrong where the end changes."""
    yield from seen.same_job(
        ("POL-2", "CBK-7", "CBK-14", "CBK-15", "CBK-20", "CBK-27", "SCH-2", "RES-1"), ("POL-3",)
    )


def an_end_at_a_wrong_time(seen: JudgedRun) -> Iterator[Pair]:
    """The callback has another time because that of the status is wrong."""
    yield from seen.same_job(("CBK-27",), ("POL-9",))


def a_receiver_that_holds_up_all(seen: JudgedRun) -> Iterator[Pair]:
    """Jobs beside a slow receiver wait with it."""
    scenarios = {job.scenario: cause for cause in seen.of("CBK-21") if (job := seen.job(cause))}
    for echo in seen.of(*HANGS, "CBK-1", "CBK-11", "CBK-16", "SCH-8", "SCH-2"):
        job = seen.job(echo)
        if job is not None and job.scenario in scenarios:
            yield echo, scenarios[job.scenario]


def a_callback_at_another_url(seen: JudgedRun) -> Iterator[Pair]:
    """It is missed where it should have come."""
    yield from seen.each(
        ("CBK-1", "CBK-10"), ("CBK-3",), lambda job: came_elsewhere(seen.history, job)
    )


def a_refused_secret(seen: JudgedRun) -> Iterator[Pair]:
    """A callback that we refused for its secret is not missing."""
    yield from seen.each(
        ("CBK-1",),
        ("CBK-2",),
        lambda job: job.section and job.section.status_code in REFUSED_BY_US,
    )


def a_callback_that_cannot_be_read(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody knows whose it is, so it is nobody's and somebody misses it."""
    unreadable = [d for d in seen.history.orphans if d.broken or d.problems]
    for cause in seen.of("CBK-5")[:1]:
        for echo in seen.of("CBK-25"):
            if any(echo.at == delivery.at for delivery in unreadable):
                yield echo, cause
    if unreadable:
        yield from seen.each(("CBK-1",), ("CBK-5",), lambda job: not job.submitted.token)
    yield from seen.same_job(("CBK-6", "CBK-8"), ("CBK-5",))


def a_callback_that_tells_another_end(seen: JudgedRun) -> Iterator[Pair]:
    """What is owed in it goes by the end that it tells."""
    yield from seen.same_job(("CBK-6", "CBK-8", "CBK-24"), ("CBK-7",))


def a_delivery_that_is_only_claimed(seen: JudgedRun) -> Iterator[Pair]:
    yield from seen.same_job(("CBK-1",), ("CBK-10",))


def a_result_that_is_not_there(seen: JudgedRun) -> Iterator[Pair]:
    """No link can lead to it."""
    yield from seen.same_job(("RES-4",), ("RES-1",))


def a_result_that_changes(seen: JudgedRun) -> Iterator[Pair]:
    """What it is compared with has the picture that it was before."""
    yield from seen.same_job(("IMG-3", "IMG-4", "SUB-7", "RES-4", "CBK-9", "CBK-28"), ("RES-3",))


def an_id_that_is_a_path(seen: JudgedRun) -> Iterator[Pair]:
    """What lies behind it cannot be found by it."""
    yield from seen.same_job(("RES-4", "RES-1"), ("SEC-3",))


def a_job_that_ran_twice(seen: JudgedRun) -> Iterator[Pair]:
    yield from seen.same_job(("CBK-4", "CBK-23"), ("SCH-7",))


def an_expiry_that_is_ignored(seen: JudgedRun) -> Iterator[Pair]:
    """Where no expiry is kept, it does not matter how it is written, nor what is said of it."""
    yield from seen.same_job(("CBK-11",), ("EXP-2",))
    yield from seen.each(
        ("EXP-3", "EXP-4", "EXP-5", "CBK-11"),
        ("EXP-2",),
        lambda job: job.deliveries and job.tags.get(EXPIRY) in PAST,
    )


def a_lora_that_stays(seen: JudgedRun) -> Iterator[Pair]:
    """A picture that has the LoRA of the job before equals that of a job with it."""
    yield from seen.each(("IDN-4",), ("IDN-5",), lambda job: not lora(job))


def a_picture_of_another_job(seen: JudgedRun) -> Iterator[Pair]:
    """It is not what equal requests, sizes and files are compared by."""
    foreign = [f for f in seen.of("IDN-1") if (job := seen.job(f)) and not _blank(seen, job)]
    yield from _of_the_same_request(seen, foreign)
    jobs = {finding.job: finding for finding in foreign}
    for echo in seen.of("SUB-17", "IMG-1", "IMG-3", "CBK-9", "RES-3", "RES-4"):
        if echo.job in jobs:
            yield echo, jobs[echo.job]


def _of_the_same_request(seen: JudgedRun, causes: Iterable[Finding]) -> Iterator[Pair]:
    """What was concluded from comparing pictures of one request, of which one is no witness."""
    spoilt = seen.by_request(causes)
    for echo in seen.of("IDN-2", "IDN-3", "IDN-4", "IDN-5", "TRN-3"):
        job = seen.job(echo)
        if job is not None and job.recipe[:-1] in spoilt and echo != spoilt[job.recipe[:-1]]:
            yield echo, spoilt[job.recipe[:-1]]


def a_picture_of_which_a_part_is_right(seen: JudgedRun) -> Iterator[Pair]:
    """Another LoRA, seed or model draws all of a picture anew; here something got into one."""
    damaged = [f for f in seen.of("IMG-3") if (job := seen.job(f)) and _is_partly_right(seen, job)]
    by_job = {finding.job: finding for finding in damaged}
    for echo in seen.of("IDN-2", "IDN-3", "IDN-4", "IDN-5", "TRN-3"):
        if echo.job in by_job:
            yield echo, by_job[echo.job]


def _is_partly_right(seen: JudgedRun, job: JobRecord) -> bool:
    return differs_in_a_part(seen.history, job)


def pictures_that_are_wrong_anyway(seen: JudgedRun) -> Iterator[Pair]:
    """With an ordinary seed, before any LoRA or training, pictures were wrong already."""
    styled = [job.submitted.at for job in seen.history if lora(job)]
    begun = min([*styled, *(probe.at for probe in seen.history.probed(TRAIN))], default=inf)
    for cause in seen.of("IMG-3"):
        job = seen.job(cause)
        if job is not None and _has_a_seed(job) and job.submitted.at < begun:
            yield from ((echo, cause) for echo in seen.of("IDN-2", "IDN-3", "IDN-5", "TRN-3"))
            return


def _has_a_seed(job: JobRecord) -> bool:
    return job.submitted.request.get("seed") not in (0, None)


def a_model_that_is_no_longer_the_same(seen: JudgedRun) -> Iterator[Pair]:
    """A LoRA that stays, or a training, changes pictures that are whole by themselves."""
    for cause in seen.of("IDN-5", "TRN-3")[:1]:
        if (job := seen.job(cause)) and _is_damaged(seen, job):
            continue
        for echo in seen.of("IMG-3"):
            other = seen.job(echo)
            if other is None or _is_damaged(seen, other) or _is_partly_right(seen, other):
                continue
            yield echo, cause


def a_callback_with_another_picture(seen: JudgedRun) -> Iterator[Pair]:
    """The result is the right picture, so the one in the callback is only the wrong one."""
    for echo, cause in seen.same_job(("IDN-1", "IMG-2", "IMG-3", "IMG-4"), ("CBK-9",)):
        job = seen.job(echo)
        result = job.download() if job else None
        right = job and result and result.file and difference(seen.history, job, result.file) == ""
        if right:
            yield echo, cause


def a_picture_of_another_format(seen: JudgedRun) -> Iterator[Pair]:
    """Its name and type are wrong in the result and in the callback alike, or in the callback."""
    typed = [cause for cause in seen.of("IMG-1") if cause.cause == "type"]
    jobs = {cause.job: cause for cause in typed}
    everywhere = {finding.job for finding in seen.of("RES-2")}
    for echo in seen.of("RES-2", "CBK-26") if typed else ():
        if echo.job in everywhere:
            yield echo, jobs.get(echo.job, typed[0])
    for echo, cause in seen.same_job(("IMG-1",), ("CBK-26",)):
        if echo in typed and echo.job not in everywhere:
            yield echo, cause


def a_callback_that_contradicts_itself(seen: JudgedRun) -> Iterator[Pair]:
    """Nobody asked for the picture of a job that failed."""
    yield from seen.same_job(PICTURES, ("CBK-29",))


def _blank(seen: JudgedRun, job: JobRecord) -> bool:
    return any(looks_blank(seen.history, job, picture) for picture in job.pictures())


def a_damaged_picture(seen: JudgedRun) -> Iterator[Pair]:
    """What is damaged by itself accuses neither seeds nor LoRAs, training or load."""
    yield from seen.each(("IDN-1",), ("IMG-2", "IMG-3", "IMG-4"), lambda job: _blank(seen, job))
    yield from _of_the_same_request(seen, seen.of(*PICTURES))
    yield from seen.same_job(("IMG-3", "CBK-9", "RES-3", "RES-4"), ("IMG-1",))
    yield from seen.same_job(("IMG-4",), ("IMG-3", "IMG-2"))


def damage_without_training(seen: JudgedRun) -> Iterator[Pair]:
    """A picture damaged beside a training is the training's only where no other is damaged."""
    harmed = [f for f in seen.of("TRN-2") if (job := seen.job(f)) and _is_damaged(seen, job)]
    others = [f for f in seen.of(*PICTURES) if (job := seen.job(f)) and not _beside_training(job)]
    yield from ((echo, cause) for echo in harmed for cause in others[:1])
    if not others:
        yield from seen.same_job(PICTURES, ("TRN-2",))


def _is_damaged(seen: JudgedRun, job: JobRecord) -> bool:
    return is_damaged_by_itself(seen.history, job)


def _beside_training(job: JobRecord) -> bool:
    return Provocation.TRAINING in provocations(job)


def damage_elsewhere(seen: JudgedRun) -> Iterator[Pair]:
    """Where damage is proven of some pictures, others that look like it are no matter of doubt."""
    yield from seen.each(("IMG-4",), ("IMG-3", "IMG-2"), lambda _: True)
    sizes = [cause for cause in seen.of("IMG-1") if cause.cause == "dimensions"]
    yield from ((echo, cause) for echo in seen.of("SUB-17") for cause in sizes[:1])


RULES: tuple[Explanation, ...] = (
    a_miner_that_is_gone,
    callbacks_that_never_come,
    callbacks_that_plain_jobs_miss_too,
    a_dead_engine,
    one_id_for_several_jobs,
    a_status_of_another_job,
    a_status_that_breaks_down,
    a_miner_that_is_busy_for_ever,
    bodies_that_break_the_miner,
    an_answer_without_an_id,
    a_receiver_that_holds_up_all,
    an_end_that_is_taken_back,
    an_end_at_a_wrong_time,
    jobs_that_fail_anyway,
    jobs_that_hang_anyway,
    a_job_that_hangs,
    a_callback_with_another_picture,
    a_picture_of_another_job,
    a_callback_that_contradicts_itself,
    a_picture_of_another_format,
    a_picture_of_which_a_part_is_right,
    pictures_that_are_wrong_anyway,
    a_model_that_is_no_longer_the_same,
    a_damaged_picture,
    damage_without_training,
    damage_elsewhere,
    a_lora_that_stays,
    a_result_that_changes,
    a_callback_at_another_url,
    a_refused_secret,
    a_callback_that_cannot_be_read,
    a_callback_that_tells_another_end,
    a_delivery_that_is_only_claimed,
    an_id_that_is_a_path,
    a_job_that_ran_twice,
    a_result_that_is_not_there,
    an_expiry_that_is_ignored,
)


def explained(results: Iterable[CheckResult], history: History) -> tuple[CheckResult, ...]:
    """The results, with each echo told by the clause of its cause."""
    results = tuple(results)
    seen = JudgedRun(history, tuple(f for result in results for f in result.findings))
    causes = _causes(seen)

    def told(finding: Finding) -> Finding:
        if finding in causes:
            return replace(finding, because=causes[finding].clause)
        proven = finding.clause == "SCH-9"  # which tells the death itself
        if finding == seen.first_dead and len(seen.dead) > 1 and not proven:
            return replace(finding, advice=f"{_death(seen)}; {finding.advice}")
        if finding.clause in HANGS and (case := _case(seen.job(finding))):
            advice = f"this job was special ({case}): the engine may have died of it"
            return replace(finding, advice=f"{advice}; else {finding.advice}")
        return finding

    return tuple(replace(r, findings=tuple(map(told, r.findings))) for r in results)


def _death(seen: JudgedRun) -> str:
    """Since when no job completed, and what was special about the last one before."""
    first = seen.dead[0]
    before = [job for job in seen.history if job.submitted.at < first.submitted.at]
    if not any(job.completed for job in before):
        return f"none of the {len(seen.dead)} jobs completed: the engine behind the server is dead"
    last = before[-1]
    case = _case(last)
    special = f", which was special ({case})" if case else ""
    return (
        f"the engine behind the server is dead: of the {len(seen.dead)} jobs after {last.shown}"
        f"{special} none completed"
    )


def _case(job: JobRecord | None) -> str:
    """What is special about a job, in words; empty where nothing is."""
    return job.tags.get(CASE, "") if job is not None else ""


def causes_of(findings: Iterable[Finding], history: History) -> dict[Finding, Finding]:
    """Each finding that is an echo, with the finding that is behind it all."""
    return _causes(JudgedRun(history, tuple(findings)))


def _causes(seen: JudgedRun) -> dict[Finding, Finding]:
    direct = dict[Finding, Finding]()
    for rule in RULES:
        for echo, cause in rule(seen):
            if echo != cause and echo not in direct and _root(cause, direct) != echo:
                direct[echo] = cause
    return {echo: _root(echo, direct) for echo in direct}


def _root(finding: Finding, direct: dict[Finding, Finding]) -> Finding:
    while finding in direct:
        finding = direct[finding]
    return finding

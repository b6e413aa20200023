"""SUB: what cannot be a job is refused, and nothing is left of it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from asyncproof.facts.answers import (
    NOT_READY,
    answer_to,
    broke_down,
    finding,
    refused,
    said,
)
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.history import History, JobRecord
from asyncproof.workload.needs import Need
from asyncproof.workload.special_cases import (
    BAD_FIELDS,
    CASE,
    MEANT,
    REFUSED_JOB,
    UNKNOWN_ID,
    Meant,
)


@dataclass(frozen=True, slots=True)
class RefusalCase:
    """A submission that must be refused, and its answer."""

    case: str
    at: float
    code: int | None
    accepted: bool
    said: str


def bad_submissions(history: History) -> Iterator[RefusalCase]:
    """Every submission of the scenario that must be refused: jobs and bodies that cannot be one."""
    for job in history:
        answer = job.answered
        if job.tags.get(MEANT) == Meant.REFUSED and answer is not None and not _no_rule(job):
            case, code = job.tags[CASE], answer.status_code
            yield RefusalCase(_with_value(case), answer.at, code, job.accepted, answer_to(job))
    for probe in history.probes:
        if probe.tags.get(MEANT) == Meant.REFUSED:
            case, code = probe.tags[CASE], probe.status_code
            taken = code is not None and 200 <= code < 300 and probe.job_id is not None
            yield RefusalCase(f"a body that is {case}", probe.at, code, taken, said(probe))


def _no_rule(job: JobRecord) -> bool:
    """An edit may have no fields for sizes: those of a client are unknown fields then."""
    is_edit = bool(job.submitted.request.keys() & {"image_b64", "image_url"})
    return is_edit and _with_value(job.tags[CASE]) in SIZES and job.accepted


def _with_value(case: str) -> str:
    """The name of a case with the field and the value that make it one."""
    fields = BAD_FIELDS.get(case, {})
    return f"{case} ({', '.join(f'{n}: {v!r}' for n, v in fields.items())})" if fields else case


EMPTY = _with_value("empty prompt")
SIZES = {
    _with_value(case)
    for case, fields in BAD_FIELDS.items()
    if isinstance(fields.get("width", fields.get("height")), int | float)
}


def _together(clause: str, attempts: list[RefusalCase], said: str, advice: str) -> Finding:
    """One finding for all cases with one cause: it names each of them, and quotes the first."""
    cases = ", ".join(attempt.case for attempt in attempts)
    first = attempts[0]
    got = f"{said}: {cases} (the first answer: {first.said})"
    return Finding(clause, "bad submissions", "4xx for each", got, first.at, advice, said)


@check("SUB-8")
def bad_submissions_are_refused(history: History) -> Iterator[Ruling]:
    """A body that breaks a rule is refused with 4xx and never becomes a job."""
    attempts = list(bad_submissions(history))
    yield from (None for attempt in attempts if refused(attempt.code))
    taken = [a for a in attempts if a.accepted and not refused(a.code)]
    taken = [a for a in taken if a.case != EMPTY]
    if taken:
        advice = "check the body before the job is queued, and name the wrong field"
        sizes = any(attempt.case in SIZES for attempt in taken)
        more = "; do not round or limit a size that cannot be made" if sizes else ""
        yield _together("SUB-8", taken, "these accepted", advice + more)


@check("SUB-19")
def empty_prompts_are_refused(history: History) -> Iterator[Ruling]:
    """A prompt without a text is refused, like one that is missing."""
    for attempt in bad_submissions(history):
        if attempt.case != EMPTY:
            continue
        if refused(attempt.code):
            yield None
        elif attempt.accepted:
            advice = "a client that lost its prompt learns it now, and not from a picture"
            yield _together("SUB-19", [attempt], "accepted", advice)


@check("SUB-9")
def bad_submissions_break_nothing(history: History) -> Iterator[Ruling]:
    """A bad body is the client's mistake: the answer is never 5xx, and there is one."""
    broken = defaultdict[str, list[RefusalCase]](list)
    for attempt in bad_submissions(history):
        if broke_down(attempt.code):
            how = f"{attempt.code} for these" if attempt.code else "no answer to these"
            broken[how].append(attempt)
        elif attempt.code != NOT_READY:
            yield None
    advice = "nobody caught an exception while the body was read; the miner's log has it"
    for said_of_it, attempts in broken.items():
        yield _together("SUB-9", attempts, said_of_it, advice)


@check("SUB-10")
def refused_submissions_leave_no_job(history: History) -> Iterator[Ruling]:
    """What was refused cannot be asked for, and no callback comes for it."""
    rulings = list(_refused_submissions_leave_no_job(history))
    yield from rulings
    if not rulings and any(job.tags.get(MEANT) == Meant.REFUSED for job in history):
        yield NotApplicable("the server chooses the ids, so a refused job cannot be asked for")


def _refused_submissions_leave_no_job(history: History) -> Iterator[Ruling]:
    spoken = history.started.dialect if history.started else None
    lacks = spoken.lacks if spoken else {}
    asked = {probe.tags["job"]: probe for probe in history.probed(REFUSED_JOB)}
    for job in history:
        if job.answered is None or not refused(job.answered.status_code):
            continue
        known = asked.get(job.name)
        if job.deliveries or (known is not None and known.status_code == 200):
            yield _left_behind(job)
        elif known is not None and refused(known.status_code):
            yield None
        elif known is None and Need.CHOSEN_IDS in lacks and job.submitted.expects_callback:
            yield None  # its callback would have shown it


def _left_behind(job: JobRecord) -> Finding:
    code = job.answered.status_code if job.answered else None
    sign = "a callback for it" if job.deliveries else "200 and a status of it"
    case = job.tags.get(CASE, "refused")
    return job.finding(
        "SUB-10",
        f"no trace of a submission ({case}) that was answered {code}",
        sign,
        at=job.deliveries[0].at if job.deliveries else None,
        advice="the job is put into the queue before its body is checked"
        + ("" if job.deliveries else "; or any unknown id gets such a status: see SUB-11"),
        cause=sign,
    )


LOOK_UP = "the look-up fails for an unknown id: catch that and answer 404"


@check("SUB-11")
def unknown_jobs_are_not_found(history: History) -> Iterator[Ruling]:
    """Status and result of a job that never was are answered 404."""
    for probe in history.probed(UNKNOWN_ID):
        if probe.status_code == 404:
            yield None
            continue
        yield finding(
            "SUB-11",
            probe,
            f"404 for the {probe.tags[CASE]} of a job that never was",
            advice=LOOK_UP
            if broke_down(probe.status_code)
            else "a client that mistypes an id would wait for ever, or blame its job",
            cause=f"{probe.tags[CASE]} answered {probe.status_code}",
        )


@check("SUB-11")
def refused_jobs_break_no_status(history: History) -> Iterator[Ruling]:
    """The status of a job that was refused is not answered with a failure of the server."""
    for probe in history.probed(REFUSED_JOB):
        if probe.status_code is None or not broke_down(probe.status_code):
            yield None
            continue
        yield finding(
            "SUB-11",
            probe,
            "404 for the status of a job that was refused",
            advice=LOOK_UP,
            cause=f"status of a refused job answered {probe.status_code}",
        )

"""SEC: what a miner must not tell, and what it must not let be used."""

import re
from collections.abc import Iterator

from asyncproof.facts.answers import answer_to, broke_down, finding, said
from asyncproof.facts.engine import stays
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.events import CallbackSection, Polled, Probed
from asyncproof.history.history import History, JobRecord
from asyncproof.text import SHOWN
from asyncproof.vocabulary import REDACTED
from asyncproof.workload.special_cases import CASE, MEANT, TRAVERSAL, Meant

INSIDE = re.compile(r'Traceback \(most recent call last\)|File "[^"]+", line \d+')

STATUS = "the status"
REFUSAL = "the answer that refused the job"
NOT_REPEATED = "do not repeat the submitted body in an error: logs of clients keep errors"
NO_HEADERS = (
    "tell what went wrong in a sentence of your own: the text of an exception may hold the request "
    "with its headers"
)
LEFT_OUT = "leave callback_secret out of what is shown; callback_secret_provided is enough"


@check("SEC-1", every_job=True)
def secrets_are_told_to_nobody(history: History) -> Iterator[Ruling]:
    """The secret of a callback stands in no answer of the miner."""
    for job in history:
        where, at = _leak(job)
        if not where or where == REFUSAL:
            yield None
            continue
        yield job.finding(
            "SEC-1",
            "the secret in the callback's header and nowhere else",
            f"the secret in {where}",
            at=at,
            advice=NO_HEADERS if "error of" in where else LEFT_OUT,
            cause=f"secret in {where}",
        )
    for probe in history.probes:
        if probe.leaks_secret and not _is_told(history, probe):
            yield finding(
                "SEC-1",
                probe,
                "no secret of any job in the answer",
                actual="the callback_secret of a job",
                advice="leave callback_secret out of this answer: anyone who may ask here can "
                "forge callbacks",
                cause=f"secret in {probe.path}",
            )


def _is_told(history: History, probe: Probed) -> bool:
    """Whether it is the status of a job whose polls show the secret as well."""
    job = history.by_job_id.get(probe.path.rpartition("/")[2])
    return job is not None and _leak(job)[0].endswith(STATUS)


@check("SEC-6", every_job=True)
def refusals_do_not_repeat_the_secret(history: History) -> Iterator[Ruling]:
    """A refusal does not hold the secret of the job, not even for the client that sent it."""
    for job in history:
        if job.answered is None or job.accepted:
            continue
        if not job.answered.leaks_secret:
            yield None
            continue
        yield job.finding(
            "SEC-6",
            "an error without the callback_secret of any job",
            f"the secret in {REFUSAL}",
            at=job.answered.at,
            advice=NOT_REPEATED,
            cause=f"secret in {REFUSAL}",
        )


def _leak(job: JobRecord) -> tuple[str, float]:
    answer = job.answered
    if answer is not None and answer.leaks_secret:
        return "the answer to the submission" if job.accepted else REFUSAL, answer.at
    poll = next((p for p in job.polls if p.leaks_secret), None)
    return (_field(poll) + STATUS, poll.at) if poll is not None else ("", 0.0)


def _field(poll: Polled) -> str:
    """Which text of the status shows it, where that can be told; what was recorded is redacted."""
    section = poll.callback or CallbackSection()
    texts = {
        "callback.error": section.error,
        "callback.response_preview": section.response_preview,
        "error": poll.job_error,
    }
    named = (name for name, text in texts.items() if text and REDACTED.decode() in text)
    return f"{found} of " if (found := next(named, "")) else ""


NAMED_BY_ID = "name files by an id of your own, and allow letters, digits and dashes only"
WROTE = (
    "; look for files of this name outside the folder of the miner: they were perhaps written, "
    "and this suite cannot remove them"
)


@check("SEC-3")
def ids_are_never_paths(history: History) -> Iterator[Ruling]:
    """A job_id that is a path is refused, or replaced; it breaks nothing."""
    for job in history:
        if job.tags.get(MEANT) != Meant.HOSTILE_ID or job.answered is None:
            continue
        trouble = _path_trouble(job)
        yield (
            job.finding(
                "SEC-3",
                f"4xx, or a harmless id, for the hostile job_id ({job.tags[CASE]})",
                trouble,
                at=job.answered.at,
                advice=NAMED_BY_ID + (WROTE if job.accepted else ""),
                cause=f"hostile id: {trouble[:16]}",
            )
            if trouble
            else None
        )


def _path_trouble(job: JobRecord) -> str:
    answer, asked = job.answered, str(job.submitted.request.get("job_id"))
    if answer is None or broke_down(answer.status_code):
        return answer_to(job)
    if not job.accepted or job.job_id != asked:
        return ""
    climbs = "/" in asked or "\0" in asked or asked in (".", "..")
    if climbs:
        return f"a job with the id {asked[:SHOWN]!r}{_written(job)}"
    stuck = job.terminal is None and bool(job.gave_up)
    ended_badly = job.terminal is not None and not job.completed
    return stays(job) if stuck or ended_badly else ""


def _written(job: JobRecord) -> str:
    """Where the miner says that it put what it made under a hostile id."""
    told = (p.image_url or p.result_url for p in reversed(job.polls))
    place = next(filter(None, told), None)
    if place:
        return f", and its picture at {place!r}"
    return ", and it completed" if job.completed else ""


@check("SEC-4")
def paths_do_not_climb(history: History) -> Iterator[Ruling]:
    """No path of the miner leads to files outside its own."""
    for probe in history.probed(TRAVERSAL):
        given = probe.status_code is not None and 200 <= probe.status_code < 300
        if not given and not broke_down(probe.status_code):
            yield None
            continue
        yield finding(
            "SEC-4",
            probe,
            "4xx",
            actual=f"{said(probe)}: a file from outside" if given else "",
            advice="look jobs up by their id; never make a path of what a client sends",
            cause="a file from outside" if given else "broke down",
        )


NO_TRACE = "log the trace and tell the client what was wrong in a sentence"


@check("SEC-5", every_job=True)
def answers_show_no_inside(history: History) -> Iterator[Ruling]:
    """No answer shows a stack trace, not even one about an error."""
    for job in history:
        texts = [job.answered.body] if job.answered else []
        texts += [poll.job_error for poll in job.polls if poll.job_error]
        yield _shows(job, texts)
    for probe in history.probes:
        shown = INSIDE.search(probe.body)
        if shown:
            yield finding(
                "SEC-5",
                probe,
                "an error without the inside of the program",
                actual=f"{probe.status_code} with a stack trace ({shown[0][:SHOWN]})",
                advice=NO_TRACE,
                cause="stack trace",
            )


def _shows(job: JobRecord, texts: list[str]) -> Finding | None:
    shown = next((found for text in texts if (found := INSIDE.search(text))), None)
    if shown is None:
        return None
    return job.finding(
        "SEC-5",
        "an error without the inside of the program",
        f"a stack trace ({shown[0][:60]})",
        at=job.answered.at if job.answered else None,
        advice=NO_TRACE,
        cause="stack trace",
    )

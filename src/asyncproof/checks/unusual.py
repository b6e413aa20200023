"""SUB: what is valid although nobody thought of it."""

from collections.abc import Iterator

from asyncproof.facts.answers import answer_to, broke_down
from asyncproof.facts.engine import stays
from asyncproof.facts.pictures import pictures
from asyncproof.harness.verdict import Finding, Ruling, check
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import TERMINAL
from asyncproof.workload.special_cases import CASE, DEFAULT_SIZE, HUGE_PROMPT, MEANT, Meant


def meant(history: History, purpose: Meant) -> list[JobRecord]:
    """Jobs with this purpose that were answered."""
    return [j for j in history if j.tags.get(MEANT) == purpose and j.answered is not None]


def code_of(job: JobRecord) -> int | None:
    return job.answered.status_code if job.answered else None


@check("SUB-15")
def unknown_fields_are_ignored(history: History) -> Iterator[Ruling]:
    """A valid job with fields that the miner does not know is a valid job."""
    for job in meant(history, Meant.EXTENDED):
        if job.completed:
            yield None
        elif not job.accepted or job.final_status in TERMINAL:
            yield job.finding(
                "SUB-15",
                "the job done, and the unknown fields ignored",
                f"the job {job.final_status}" if job.accepted else answer_to(job),
                at=job.answered.at if job.answered else None,
                advice="clients are newer than miners: skip what you do not know",
                cause="unknown fields",
            )


@check("SUB-16")
def odd_prompts_break_nothing(history: History) -> Iterator[Ruling]:
    """Any text is a prompt: it is taken, and then the job ends, or it is refused with 4xx."""
    for job in meant(history, Meant.EITHER):
        if code_of(job) is None and job.tags[CASE] == HUGE_PROMPT:
            continue  # a server may answer 413 and hang up while we are still sending
        if broke_down(code_of(job)):
            yield _odd(job, answer_to(job), f"answered {code_of(job) or 'not at all'}")
        elif job.gave_up and job.terminal is None:
            yield _odd(job, stays(job), "never ends")
        else:
            yield None


def _odd(job: JobRecord, got: str, cause: str) -> Finding:
    case = job.tags[CASE]
    return job.finding(
        "SUB-16",
        f"the prompt ({case}) taken, or refused with 4xx",
        got,
        at=job.answered.at if job.answered else None,
        advice="the prompt broke the code on its way: its encoding, a log line, a length limit",
        cause=f"{case}: {cause}",
    )


@check("SUB-17")
def a_prompt_is_enough(history: History) -> Iterator[Ruling]:
    """Everything but the prompt has a default; the picture is 1024 x 1024 then."""
    for job in meant(history, Meant.BARE):
        trouble = _without_defaults(history, job)
        if trouble:
            yield job.finding(
                "SUB-17",
                "the job done with the documented defaults, a picture of 1024x1024 pixels",
                trouble,
                at=job.answered.at if job.answered else None,
                advice="width and height default to 1024; nothing but the prompt is required",
                cause=trouble,
            )
        elif job.completed:
            yield None


def _without_defaults(history: History, job: JobRecord) -> str:
    if not job.accepted:
        return answer_to(job)
    if job.final_status in TERMINAL and not job.completed:
        return f"the job {job.final_status}"
    examined = (history.pictures.get((p.sha256, *DEFAULT_SIZE)) for _, p, _ in pictures(job))
    defects = (defect for e in examined if e is not None for defect in e.defects)
    return next((defect for defect in defects if defect.startswith("dimensions")), "")

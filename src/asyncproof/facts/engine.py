"""Whether the engine behind the miner still works, and which job it may have died of. Pure."""

from collections.abc import Collection
from math import inf

from asyncproof.facts.health import moved_after, seen
from asyncproof.history.history import History, JobRecord
from asyncproof.history.job_health import JobHealth
from asyncproof.workload.special_cases import CASE, MEANT, NO_SUCH_LORA, SIZE, Meant

SUSPECT, SPECIAL = "suspect", "special"
"""Tags of a plain job that is asked for to see whether the engine lives: the job before it that may
have ended the engine, and what is special about that job."""
RISKY = frozenset({Meant.TO_FAIL, Meant.HOSTILE_ID, Meant.EITHER, Meant.REFUSED})


def special_about(job: JobRecord) -> str:
    """What a miner may not have been made for, in words; empty for a plain job."""
    if job.submitted.request.get("lora_path") == NO_SUCH_LORA:
        return "unknown LoRA"
    if size := job.tags.get(SIZE):
        return f"size {size}"
    seed = job.submitted.request.get("seed")
    if isinstance(seed, int) and seed < 0:
        return f"seed {seed}"
    return job.tags.get(CASE, "") if job.tags.get(MEANT) in RISKY else ""


def is_stuck(job: JobRecord) -> bool:
    """Whether the miner answered about the job and did no work on it to the end of its time."""
    if job.final_status == "timeout":
        return True
    found = [waiting.diagnosis for waiting in job.gave_up if not moved_after(job, waiting)]
    hung = (d is None or (d.life.hung and d.life is not JobHealth.DEAD) for d in found)
    return job.terminal is None and any(hung)


def how_it_is_stuck(job: JobRecord) -> str:
    """What became of a plain job on an engine that does not work, for a person."""
    if not job.gave_up:
        return f"ended as {job.final_status}"
    waiting = job.gave_up[0]
    return f"was still {waiting.last_state} after {waiting.waited:.1f} s"


def stays(job: JobRecord) -> str:
    """What is seen of a job that does not end, for a person."""
    if job.final_status is not None:
        return f"a job that stays {job.final_status}"
    last = job.polls[-1] if job.polls else None
    said = (last.error or last.status_code) if last else None
    return f"a job of which nothing can be read: its status answers {said or 'nothing'}"


def suspects(history: History) -> list[JobRecord]:
    """Jobs that the engine may have died of: they hung, or were special and did not complete."""
    return [
        job
        for job in history.accepted
        if is_stuck(job) or (special_about(job) and not job.completed)
    ]


def is_in_doubt(history: History, survived: Collection[str] = ()) -> bool:
    """Whether nothing shows that the engine worked on after a job that it may have died of.

    ``survived`` are special things, as :func:`special_about` has them, that it is known to survive.
    """
    return any(
        not _went_on_after(history, job)
        for job in suspects(history)
        if is_stuck(job) or special_about(job) not in survived
    )


def _went_on_after(history: History, suspect: JobRecord) -> bool:
    """Whether a job that came after it was completed after its end."""
    later = (j for j in history.accepted if j.submitted.at > suspect.submitted.at)
    return any(
        job.completed and job.terminal is not None and job.terminal.at > _end(suspect)
        for job in later
    )


def _end(job: JobRecord) -> float:
    if job.terminal is not None and not is_stuck(job):
        return job.terminal.at
    return inf


def likeliest(history: History) -> JobRecord | None:
    """The job that the engine died of, if it is dead: the last special one up to the first that
    hung, else the first that hung."""
    found = suspects(history)
    stuck = next((job for job in found if is_stuck(job)), None)
    special = [
        job
        for job in found
        if special_about(job) and (stuck is None or job.submitted.at <= stuck.submitted.at)
    ]
    return special[-1] if special else stuck


def works_beside(history: History, suspect: JobRecord) -> bool:
    """Whether other jobs complete although this one, an ordinary one, hangs: one completed after it
    was last seen to move. A plain job that hangs as well does not show a dead engine then."""
    if special_about(suspect):
        return False
    stood = seen(suspect).moved
    others = (job.terminal for job in history.accepted if job.completed)
    return any(end is not None and end.at > stood for end in others)


def longest_job(history: History) -> float | None:
    """Seconds from the submission to the end of the job that took longest and completed; None where
    none did."""
    done = (job for job in history.accepted if job.completed)
    return max((j.since_submission(j.terminal.at) for j in done if j.terminal), default=None)


def blamed(history: History, suspect: JobRecord) -> str:
    """The job that the engine may have died of, for a person; and the special one, if there is one,
    that completed just before it: an engine may also die behind the end of a job."""
    earlier = (j for j in history.accepted if j.submitted.at < suspect.submitted.at)
    before = max(earlier, key=lambda job: job.submitted.at, default=None)
    if before is None or not before.completed or not special_about(before):
        return named(suspect)
    return f"{named(suspect)} (or {named(before)}, which completed just before it)"


def suspected(history: History, blame: str) -> JobRecord | None:
    """The job that is blamed so for the end of the engine: the last one before the plain job which
    never ended that is special in the same way. Its request shows the defect."""
    plain = next((job for job in history if job.tags.get(SUSPECT) == blame), None)
    if plain is None:
        return None
    before = (job for job in history.accepted if job.submitted.at < plain.submitted.at)
    alike = (job for job in before if special_about(job) == plain.tags[SPECIAL])
    return max(alike, key=lambda job: job.submitted.at, default=None)


def named(job: JobRecord) -> str:
    """The job with what is special about it, for a person."""
    special = special_about(job)
    return f"{job.shown}: {special}" if special else job.shown

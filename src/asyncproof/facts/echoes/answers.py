"""What a wrong id, status or answer makes of other clauses."""

from collections.abc import Iterator

from asyncproof.facts.judged_run import (
    JudgedRun,
    Pair,
    code_of,
)
from asyncproof.vocabulary import TAKEN

# What is asked for by the id of a job.
TOLD_BY_ID = (
    *("CBK-1", "CBK-3", "CBK-7", "CBK-9", "CBK-27"),
    *(f"CBK-{number}" for number in range(10, 20)),
    *("IDN-1", "IMG-1", "IMG-3", "POL-2", "POL-3", "POL-5", "POL-9", "RES-3", "SCH-7"),
    *("SUB-4", "TRN-2"),
)


def one_id_for_several_jobs(seen: JudgedRun) -> Iterator[Pair]:
    """What is asked or told about the id may be of any of them."""
    shared = {job.job_id: cause for cause in seen.of("SUB-3") if (job := seen.job(cause))}
    for echo in seen.of(*TOLD_BY_ID):
        job = seen.job(echo)
        if job is not None and job.job_id in shared:
            yield echo, shared[job.job_id]


def ids_that_were_never_told(seen: JudgedRun) -> Iterator[Pair]:
    """Where jobs are told the id of another one, their callbacks have their own."""
    yield from ((echo, cause) for echo in seen.of("CBK-25") for cause in seen.of("SUB-3")[:1])


def a_status_of_another_job(seen: JudgedRun) -> Iterator[Pair]:
    """What it says is of that job, and links in it lead to pictures of that job."""
    yield from seen.same_job((*TOLD_BY_ID, "RES-1", "SCH-2"), ("POL-10",))
    yield from seen.each(("IDN-1", "RES-4", "SUB-6"), ("POL-10",), lambda _: True)


def a_status_that_breaks_down(seen: JudgedRun) -> Iterator[Pair]:
    """It does so at every url that leads to it, and a path that is not there answers otherwise."""
    broken = [echo for echo in seen.of("SUB-6") if echo.cause != "answered 404"]
    yield from ((echo, cause) for echo in broken for cause in seen.of("POL-11")[:1])


def bodies_that_break_the_miner(seen: JudgedRun) -> Iterator[Pair]:
    """A hostile id is refused like any other bad body, and this miner breaks down as it refuses."""
    for cause in seen.of("SUB-9")[:1]:
        for echo in seen.of("SEC-3"):
            job = seen.job(echo)
            if job is not None and not job.accepted:
                yield echo, cause


def an_answer_without_an_id(seen: JudgedRun) -> Iterator[Pair]:
    """Its callback is about an id that was never told."""
    nameless = [f for f in seen.of("SUB-1") if code_of(seen.job(f)) in TAKEN]
    yield from ((echo, cause) for echo in seen.of("CBK-25") for cause in nameless[:1])


def an_end_that_is_taken_back(seen: JudgedRun) -> Iterator[Pair]:
    """What goes by the end of a job goes wrong where the end changes."""
    yield from seen.same_job(
        ("POL-2", "CBK-7", "CBK-14", "CBK-15", "CBK-20", "CBK-27", "SCH-2", "RES-1"), ("POL-3",)
    )


def an_end_at_a_wrong_time(seen: JudgedRun) -> Iterator[Pair]:
    """The callback has another time because that of the status is wrong."""
    yield from seen.same_job(("CBK-27",), ("POL-9",))


def an_id_that_is_a_path(seen: JudgedRun) -> Iterator[Pair]:
    """What lies behind it cannot be found by it."""
    yield from seen.same_job(("RES-4", "RES-1"), ("SEC-3",))


def a_result_that_is_not_there(seen: JudgedRun) -> Iterator[Pair]:
    """No link can lead to it."""
    yield from seen.same_job(("RES-4",), ("RES-1",))


def a_result_that_changes(seen: JudgedRun) -> Iterator[Pair]:
    """What it is compared with has the picture that it was before."""
    yield from seen.same_job(("IMG-3", "IMG-4", "SUB-7", "RES-4", "CBK-9", "CBK-28"), ("RES-3",))

"""IMG: every picture that arrives is whole, and of the size that was asked for."""

from collections.abc import Callable, Iterator

from asyncproof.facts.damage import (
    defect,
    difference,
    difference_between,
    doubt,
    idle_references,
    in_dispute,
    is_confirmed,
    looks_blank,
    looks_damaged_throughout,
    strong_suspicion,
)
from asyncproof.facts.in_common import in_common
from asyncproof.facts.links import followed, is_dead, link_sent
from asyncproof.facts.pictures import KINDS, pictures, suffix
from asyncproof.harness.verdict import Finding, NotApplicable, Ruling, check
from asyncproof.history.events import Downloaded, File
from asyncproof.history.history import History, JobRecord, Recipe
from asyncproof.images.together.common import LEAST_PICTURES
from asyncproof.text import quoted

WHOLE = "a whole file of a picture of the size asked for"
TOO_EARLY = "the file was sent before it was finished; write it aside, then rename it"
SPOILED = "bytes changed after the picture was encoded: two writers, or a buffer that is used twice"
ADVICE = {
    "dimensions": "another size was drawn than was asked for: it is rounded, limited or swapped; "
    "refuse a size that cannot be made",
    "type": "look at what encodes the picture, and at what names its file and its Content-Type",
    "after-end": "perhaps an older, longer file was overwritten; write aside, then rename",
    "rows": "the encoder got half a picture: look at the buffer and the height handed to it",
    "checksum": SPOILED,
    "stream": SPOILED,
}

DAMAGED = (
    "many pictures of different requests show this: perhaps rendering or decoding is cut short"
)
ALONE = "the same request gives a picture that looks whole when nothing else is done"
BLANK = "NaN in the decoder, a safety filter, or an empty buffer"

JudgePicture = Callable[[History, JobRecord, File], str | None]
Tell = Callable[[str, JobRecord, File], tuple[str, str]]


def _each_job(
    history: History,
    judge: JudgePicture,
    clause: str,
    tell: Tell,
) -> Iterator[Ruling]:
    """One ruling for each picture, and after the first bad one of a job the next job.

    The cause is the first word or words of the reason; ``tell`` says by it and by the picture what
    was expected, and what to look at.
    """
    for job in history.accepted:
        for source, picture, at in pictures(job):
            reason = judge(history, job, picture)
            if reason:
                cause = reason.partition(":")[0]
                expected, advice = tell(cause, job, picture)
                yield job.finding(
                    clause,
                    expected,
                    f"{reason} (in the {source})",
                    at=at,
                    advice=f"{advice}; the picture: {picture.path}",
                    cause=cause,
                )
                break
            if reason is not None:
                yield None


@check("IMG-1", every_job=True)
def every_file_whole(history: History) -> Iterator[Ruling]:
    """The file of every picture is exactly what it claims to be, and of the size asked for."""
    yield from _each_job(history, defect, "IMG-1", _broken_file)


def _broken_file(cause: str, _: JobRecord, picture: File) -> tuple[str, str]:
    kind = KINDS.get(suffix(picture))
    misnamed = cause == "type" and kind is not None
    expected = f"Content-Type {kind}, as the bytes are" if misnamed else WHOLE
    return expected, ADVICE.get(cause, TOO_EARLY)


@check("IMG-2", every_job=True)
def pictures_do_not_look_damaged_throughout(history: History) -> Iterator[Ruling]:
    """Not so many pictures look cut, blank or noisy that it can be no accident."""
    throughout = looks_damaged_throughout(history)

    def looked(history: History, job: JobRecord, picture: File) -> str | None:
        sure = throughout or (
            difference(history, job, picture) is None and is_confirmed(history, job, picture)
        )
        return strong_suspicion(history, job, picture) if sure else ""

    def tell(_: str, job: JobRecord, picture: File) -> tuple[str, str]:
        blank = looks_blank(history, job, picture)
        return "pictures that look whole", BLANK if blank else DAMAGED if throughout else ALONE

    yield from _each_job(history, looked, "IMG-2", tell)


@check("IMG-3", every_job=True)
def pictures_equal_their_idle_references(history: History) -> Iterator[Ruling]:
    """Under load a request gives the picture that it gives in quiet."""
    if history.learned and history.learned.tolerance is None:
        yield NotApplicable(f"equal requests cannot be compared ({history.learned.told})")
        return
    yield from _each_job(
        history,
        difference,
        "IMG-3",
        lambda *_: (
            "the picture that the same request gave in quiet",
            "something else got in while it was made: a shared buffer, an interrupted step",
        ),
    )


@check("IMG-3", every_job=True)
def idle_references_agree(history: History) -> Iterator[Ruling]:
    """Pictures that one request gave in quiet do not contradict each other.

    Where more pictures of the request tell which one is wrong, that one is found beside the others.
    """
    for recipe, references in history.quiet.items():
        if len(references) < 2:
            continue
        first, *others = idle_references(history, recipe)
        wrong = next((file for file in others if in_dispute(history, [first, file])), None)
        if wrong is None:
            yield None
        elif (job := _made_in_quiet(history, recipe, wrong)) is not None:
            yield _one_of_two_is_wrong(history, job, first, wrong)


def _one_of_two_is_wrong(history: History, job: JobRecord, first: File, wrong: File) -> Finding:
    return job.finding(
        "IMG-3",
        f"the picture of {history.quiet_jobs[job.recipe].shown}, which asked for the same, both "
        "when nothing else was done",
        f"{difference_between(history, first, wrong)} (which of the two is wrong is not known)",
        at=job.submitted.at,
        advice="pictures of other requests repeat, so this is no drift: a seed that was not used, "
        f"or a picture that was spoilt; {first.path} and {wrong.path}",
        cause="two pictures of one request, made in quiet, differ",
    )


def _made_in_quiet(history: History, recipe: Recipe, file: File) -> JobRecord | None:
    made = (j for j in history if j.is_idle and j.recipe == recipe and file in j.pictures())
    return next(made, None)


@check("IMG-4", every_job=True)
def no_picture_looks_damaged(history: History) -> Iterator[Ruling]:
    """Not even one picture that has no reference looks damaged: somebody has to look at it."""
    if looks_damaged_throughout(history):
        yield NotApplicable("the pictures look damaged throughout: see IMG-2")
        return

    yield from _each_job(
        history,
        doubt,
        "IMG-4",
        lambda *_: (
            "a picture that looks whole",
            "one look can err, so this is a warning: see for yourself",
        ),
    )


@check("IMG-5")
def pictures_share_no_defect(history: History) -> Iterator[Ruling]:
    """Nothing is wrong with nearly all pictures of requests that have nothing in common."""
    found = in_common(history)
    if found.example is None:
        return
    if found.pictures < LEAST_PICTURES:
        yield NotApplicable(f"it takes {LEAST_PICTURES} whole pictures of different requests")
    elif found.common is None:
        yield None
    else:
        yield Finding(
            "IMG-5",
            f"{found.pictures} pictures",
            "pictures of different requests have nothing in common but a style",
            found.common.seen,
            advice=f"perhaps {found.common.cause}; one of the pictures: {found.example.path}",
            cause=found.common.name,
        )


@check("CBK-8", every_job=True)
def completed_jobs_deliver_a_picture(history: History) -> Iterator[Ruling]:
    """The callback of a completed job carries the picture, or a link to it."""
    for job in history.accepted:
        delivery = job.delivery
        if delivery is None or delivery.fields.get("status") != "completed":
            continue
        got, linked = "", followed(job)
        if delivery.image is None and not link_sent(job):
            got = "neither"
        elif delivery.image is None and linked is not None and is_dead(linked):
            got = f"no picture, and a link that leads nowhere: {_nowhere(linked)}"
        yield (
            job.finding(
                "CBK-8",
                "the picture in `image`, or a link to it in `image_url`",
                got,
                at=delivery.at,
                advice=NO_PICTURE if linked is None else DEAD_LINK,
                cause="no picture" if linked is None else "a link that leads nowhere",
            )
            if got
            else None
        )


NO_PICTURE = "send the file of the result in `image`, or say where it lies"
DEAD_LINK = (
    "a path of the miner's own disk, or a host that only the miner knows, is no link for anybody "
    "else: send a whole http(s) url, or the picture itself in `image`"
)


def _nowhere(linked: Downloaded) -> str:
    return f"{quoted(linked.url)} ({linked.error or linked.status_code})"

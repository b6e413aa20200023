"""IMG: every picture that arrives is whole, and of the size that was asked for."""

from collections.abc import Callable, Iterator

from tests.e2e.async_inference.checks.damage import (
    broken_rule,
    defect,
    difference,
    looks_blank,
    looks_damaged_throughout,
    strong_suspicion,
    suspicion,
)
from tests.e2e.async_inference.checks.payload import KINDS, suffix
from tests.e2e.async_inference.events import File
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import NotApplicable, Ruling, check

__all__ = ["broken_rule", "pictures"]

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
BLANK = "NaN in the decoder, a safety filter, or an empty buffer"

Judge = Callable[[RunHistory, JobRecord, File], str | None]
Tell = Callable[[str, JobRecord, File], tuple[str, str]]


def pictures(job: JobRecord) -> Iterator[tuple[str, File, float]]:
    """Each picture of the job with where it came from and when."""
    for delivery in job.deliveries:
        if delivery.image is not None:
            yield "callback", delivery.image, delivery.at
    for download in job.downloads:
        if download.file is not None:
            yield download.what, download.file, download.at


def _each_job(
    history: RunHistory,
    judge: Judge,
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


@check("IMG-1")
def every_file_whole(history: RunHistory) -> Iterator[Ruling]:
    """The file of every picture is exactly what it claims to be, and of the size asked for."""
    yield from _each_job(history, defect, "IMG-1", _broken_file)


def _broken_file(cause: str, _: JobRecord, picture: File) -> tuple[str, str]:
    kind = KINDS.get(suffix(picture))
    misnamed = cause == "type" and kind is not None
    expected = f"Content-Type {kind}, as the bytes are" if misnamed else WHOLE
    return expected, ADVICE.get(cause, TOO_EARLY)


@check("IMG-2")
def pictures_do_not_look_damaged_throughout(history: RunHistory) -> Iterator[Ruling]:
    """Not so many pictures look cut, blank or noisy that it can be no accident."""
    if not looks_damaged_throughout(history):
        yield from (None for job in history for _ in pictures(job))
        return

    def tell(_: str, job: JobRecord, picture: File) -> tuple[str, str]:
        blank = looks_blank(history, job, picture)
        return "pictures that look whole", BLANK if blank else DAMAGED

    yield from _each_job(history, strong_suspicion, "IMG-2", tell)


@check("IMG-3")
def pictures_equal_their_quiet_twins(history: RunHistory) -> Iterator[Ruling]:
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


@check("IMG-4")
def no_picture_looks_damaged(history: RunHistory) -> Iterator[Ruling]:
    """Not even one picture that has no twin looks damaged: somebody has to look at it."""
    if looks_damaged_throughout(history):
        yield NotApplicable("the pictures look damaged throughout: see IMG-2")
        return

    def looked(history: RunHistory, job: JobRecord, picture: File) -> str | None:
        alone = difference(history, job, picture) is None
        return suspicion(history, job, picture) if alone else ""

    yield from _each_job(
        history,
        looked,
        "IMG-4",
        lambda *_: (
            "a picture that looks whole",
            "one look can err, so this is a warning: see for yourself",
        ),
    )


@check("CBK-8")
def completed_jobs_deliver_a_picture(history: RunHistory) -> Iterator[Ruling]:
    """The callback of a completed job carries the picture, or a link to it."""
    for job in history.accepted:
        delivery = job.delivery
        if delivery is None or delivery.fields.get("status") != "completed":
            continue
        if delivery.image is not None or delivery.fields.get("image_url"):
            yield None
        else:
            yield job.finding(
                "CBK-8",
                "an image part or an image_url",
                "neither",
                at=delivery.at,
                advice="attach the file of the result as the part `image`, or say where it lies",
            )

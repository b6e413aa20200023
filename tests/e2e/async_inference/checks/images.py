"""IMG: every picture that arrives is whole, and of the size that was asked for."""

from collections.abc import Iterator

from tests.e2e.async_inference.events import File
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Ruling, check


def pictures(job: JobRecord) -> Iterator[tuple[str, File, float]]:
    """Each picture of the job with where it came from and when."""
    for delivery in job.deliveries:
        if delivery.image is not None:
            yield "callback", delivery.image, delivery.at
    for download in job.downloads:
        if download.file is not None:
            yield download.what, download.file, download.at


def broken_rule(history: RunHistory, job: JobRecord, picture: File) -> str | None:
    """The rule that the picture broke, empty where none, None where nobody looked at it."""
    request = job.submitted.request
    key = picture.sha256, int(request.get("width") or 0), int(request.get("height") or 0)
    examined = history.pictures.get(key)
    return None if examined is None else examined.reason


@check("IMG-1")
def every_image_whole(history: RunHistory) -> Iterator[Ruling]:
    """Every picture of a job, delivered or downloaded, breaks no rule of the validator."""
    for job in history.accepted:
        for source, picture, at in pictures(job):
            reason = broken_rule(history, job, picture)
            if reason is None:
                continue
            if not reason:
                yield None
                continue
            yield job.finding(
                "IMG-1",
                "a whole picture of the size asked for",
                f"{reason} (in the {source})",
                at=at,
                advice=f"the picture: {picture.path}",
                cause=reason.partition(":")[0].split("(")[0].strip(),
            )
            break


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
            yield job.finding("CBK-8", "an image part or an image_url", "neither", at=delivery.at)

"""The pictures of a job: where each came from, and what its name and type say of it."""

from collections.abc import Iterator
from pathlib import PurePath

from asyncproof.history.events import File
from asyncproof.history.history import JobRecord

KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
NAMED_KINDS = KINDS | {".jpeg": "image/jpeg", ".jpe": "image/jpeg"}


def pictures(job: JobRecord) -> Iterator[tuple[str, File, float]]:
    """Each picture of the job with where it came from and when."""
    for delivery in job.deliveries:
        if delivery.image is not None:
            yield "callback", delivery.image, delivery.at
    for download in job.downloads:
        if download.file is not None:
            yield download.what, download.file, download.at


def suffix(file: File) -> str:
    """What the bytes of a kept file are, as the ending of its name."""
    return PurePath(file.path).suffix


def misnamed(file: File) -> str:
    """What in the file's type or name does not fit its bytes; empty where nothing does not."""
    kind = KINDS.get(suffix(file))
    announced = file.content_type.partition(";")[0].strip().lower()
    if kind is None or not announced:
        return ""
    if announced not in (kind, "application/octet-stream"):
        return f"Content-Type {announced} for {kind}"
    named = NAMED_KINDS.get(PurePath(file.filename).suffix.lower(), kind)
    return "" if named == kind else f"the name {file.filename!r} for {kind}"

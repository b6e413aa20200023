"""Where links to pictures lead: those in the status, and those that callbacks bring."""

from pathlib import PurePath

from asyncproof.facts.answers import whose_picture
from asyncproof.history.events import CALLBACK_LINK, STATUS_LINK, Downloaded
from asyncproof.history.history import History, JobRecord


def link_sent(job: JobRecord) -> str:
    """The image_url of the job's callback; empty where it has none."""
    return (job.delivery.fields.get("image_url") or "") if job.delivery else ""


def followed(job: JobRecord) -> Downloaded | None:
    """What was found where the callback's link leads; None where nobody looked."""
    link, found = (
        link_sent(job),
        (d for d in job.downloads if d.what in (STATUS_LINK, CALLBACK_LINK)),
    )
    return next((d for d in found if d.url == link), None) if link else None


def is_dead(linked: Downloaded) -> bool:
    """Whether there is no picture at all."""
    return linked.status_code != 200 or linked.file is None or not linked.file.size


def is_another(linked: Downloaded, result: Downloaded | None) -> bool:
    """Whether a picture lies there that is not the result; other formats cannot be compared."""
    there, own = linked.file, result.file if result else None
    if there is None or own is None or not there.size:
        return False
    same_format = PurePath(there.path).suffix == PurePath(own.path).suffix
    return same_format and there.sha256 != own.sha256


def link_fault(history: History, linked: Downloaded, result: Downloaded | None) -> str:
    """What is wrong with what lies there; empty where it is the picture of the result."""
    if linked.error or is_dead(linked):
        return linked.error or f"{linked.status_code}"
    if linked.file is None or not is_another(linked, result):
        return ""
    return whose_picture(history, linked.file)

"""Which optional parts of the protocol a miner leaves out, for people; none is a finding."""

from collections.abc import Iterator, Sequence

from asyncproof.history.history import History, JobRecord
from asyncproof.workload.needs import Need

SUBMISSION = ("accepted", "status", "status_url", "result_url")
STATUS = ("progress", "queued_at", "started_at", "image_url")
SECTION = ("status_code", "response_preview", "attempted_at", "payload_status")
FORM = ("image", "image_url")


def lines(history: History) -> list[str]:
    """One line about a whole run; none where nothing is left out, or no job completed, and none
    about a server that speaks another dialect than the documents'."""
    spoken = history.started.dialect if history.started else None
    if spoken is not None and spoken.lacks.keys() - {Need.RETRIES}:  # which they promise neither
        return []
    jobs = [job for job in history.accepted if job.completed]
    missing = [
        f"{_listed(names)} in {place}"
        for place, shown, parts in _places(jobs)
        if (names := [name for name in parts if name not in shown])
    ]
    if not jobs or not missing:
        return []
    return [f"Optional parts that this miner leaves out: {'; '.join(missing)}"]


def _places(jobs: list[JobRecord]) -> Iterator[tuple[str, set[str], tuple[str, ...]]]:
    """Where parts may stand, those that were seen there, and those that could have been."""
    answers = [job.answered for job in jobs]
    yield "the answer to a submission", _seen(answers, SUBMISSION), SUBMISSION
    yield "the status", _seen([p for job in jobs for p in job.polls], STATUS), STATUS
    sections = [job.section for job in jobs if job.deliveries and job.section]
    if sections:
        yield "the callback section", _seen(sections, SECTION), SECTION
    sent = [job.delivery for job in jobs if job.delivery]
    brought = {name for one in sent for name, text in one.fields.items() if text}
    brought |= {"image" for one in sent if one.image is not None}
    if sent:
        yield "the callback", brought, FORM


def _seen(values: Sequence[object], names: tuple[str, ...]) -> set[str]:
    return {name for one in values for name in names if getattr(one, name, None) is not None}


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last

"""Which lines of a history are about which job."""

from collections import defaultdict
from collections.abc import Sequence

from asyncproof.history.events import AsyncEvent, Delivered, NemesisActed, Probed
from asyncproof.history.history import History

Numbered = tuple[int, AsyncEvent]


def events_of_jobs(events: Sequence[AsyncEvent], whole: History) -> dict[str, list[Numbered]]:
    """The events about each job by its name, with the numbers of their lines (from 1).

    A callback is of the job to which ``build`` gave it; a hostile act, of the job at whose url it
    was; a request beside the jobs, of the job that it asked about.
    """
    found = defaultdict[str, list[Numbered]](list)
    owners = {id(d): job.name for job in whole for d in job.callbacks}
    for line, event in enumerate(events, 1):
        name = _job_of(event, owners, whole)
        if name in whole.jobs:
            found[name].append((line, event))
    return found


def _job_of(event: AsyncEvent, owners: dict[int, str], whole: History) -> str:
    if isinstance(event, Delivered):
        return owners.get(id(event), "")
    if isinstance(event, NemesisActed):
        job = whole.by_token.get(event.token or "")
        return job.name if job else ""
    if isinstance(event, Probed):
        asked = whole.by_job_id.get(event.job_id or "")
        return event.tags.get("job", asked.name if asked else "")
    return getattr(event, "job", "")

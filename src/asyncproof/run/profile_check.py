"""What the suite understands of a server by its profile, from one job: lines for a person.

``asyncproof profile check`` prints them, so that a wrong place in a profile is seen at once.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from asyncproof.facts.failures import error_of
from asyncproof.history.events import Downloaded, Examined, File, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.history.recorder import Recorder
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.text import cut
from asyncproof.wire.dialect import Dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import a_job, burst

SHOWN = 200  # characters of a body


@dataclass(frozen=True, slots=True)
class Understood:
    """One line: ``what`` it is about, what was ``told``, and whether it is as it should be."""

    what: str
    told: str
    good: bool = True


def try_one_job(settings: Settings) -> History:
    """One job, sent, followed to its end and fetched; nothing of it is kept.

    Raises:
        SetupError: the server or our own callback server is unavailable.
    """
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(settings, callback_folder=Path(folder) / "callbacks")
        recorder = Recorder(Path(folder))
        with Testbed.open(apart, settings.miner_url, recorder, seed=1) as testbed:
            return testbed.run(burst([a_job(1)]), name="profile check")


def understood(dialect: Dialect, history: History) -> Iterator[Understood]:
    """What the one job of this history shows, step by step; the first that is wrong is the last."""
    for job in history:
        for line in _steps(dialect, history, job):
            yield line
            if not line.good:
                return


def _steps(dialect: Dialect, history: History, job: JobRecord) -> Iterator[Understood]:
    sent = job.submitted.sent or job.submitted.request
    yield Understood("sent", f"{dialect.spoken.submit}  {cut(json.dumps(sent), SHOWN)}")
    yield _answer(job)
    if dialect.has(Need.POLLING):
        yield from _polls(dialect, job)
    if dialect.has(Need.CALLBACKS):
        yield _callback(dialect, job)
    yield _end(job)
    yield from _pictures(dialect, history, job)


def _answer(job: JobRecord) -> Understood:
    answered = job.answered
    if answered is None or answered.error or not answered.takes_the_job:
        said = (answered.error or answered.body) if answered else "nothing"
        code = answered.status_code if answered else None
        why = "no id where [submit] says" if code and code < 300 else "the job was not taken"
        return Understood("answered", f"{code} {cut(said, SHOWN)}: {why}", good=False)
    state = f", state {answered.status!r}" if answered.status else ""
    return Understood("answered", f"{answered.status_code}, job {answered.job_id!r}{state}")


def _polls(dialect: Dialect, job: JobRecord) -> Iterator[Understood]:
    query = dialect.status(job.job_id or "")
    for polled in job.polls:
        if polled.status is None:
            said = polled.error or f"{polled.status_code} {polled.body}"
            problems = "; ".join(polled.problems)
            told = f"{query}  no state where [status] says: {cut(said, SHOWN)} {problems}".rstrip()
            yield Understood("asked", told, good=False)
            return
    told = " → ".join(_state(polled) for polled in job.polls)
    yield Understood("asked", f"{query}  {told or 'never answered'}", good=bool(job.polls))


def _state(polled: Polled) -> str:
    progress = "" if polled.progress is None else f" {polled.progress:g} %"
    return f"{polled.status}{progress}"


def _callback(dialect: Dialect, job: JobRecord) -> Understood:
    if not job.deliveries:
        return Understood("callback", "none came", good=False)
    one = job.deliveries[0]
    if not one.stored:
        return Understood("callback", f"refused with {one.answered}: {one.broken}", good=False)
    picture = f", a picture of {one.image.size} bytes" if one.image else ""
    wrong = f"; {'; '.join(one.problems)}" if one.problems else ""
    fields = ", ".join(f"{name} {cut(value, 60)!r}" for name, value in one.fields.items())
    due = dialect.has(Need.CALLBACK_PICTURES) and not (one.image or one.fields.get("image_url"))
    lacking = "; no picture where [callback] says" if due and job.completed else ""
    return Understood("callback", f"{fields}{picture}{wrong}{lacking}", good=not (wrong or lacking))


def _end(job: JobRecord) -> Understood:
    why = "" if job.completed else f": {cut(error_of(job), SHOWN)}"
    return Understood("ended", f"{job.final_status or 'not at all'}{why}", good=job.completed)


def _pictures(dialect: Dialect, history: History, job: JobRecord) -> Iterator[Understood]:
    told = dialect.has(Need.RESULTS) and dialect.has(Need.POLLING)
    if told and job.completed and job.download("result") is None:
        yield Understood("result", "no picture where [result] says", good=False)
    for download in job.downloads:
        if download.file is None:
            yield Understood("result", f"{download.url}: {_why(download)}", good=False)
    examined = {sha: found for (sha, _, _), found in history.pictures.items()}
    for file in {file.sha256: file for file in job.pictures()}.values():
        yield _picture(file, examined)
    if not any(True for _ in job.pictures()):
        yield Understood("picture", "none was found anywhere", good=False)


def _why(download: Downloaded) -> str:
    return download.error or f"answered {download.status_code}"


def _picture(file: File, examined: Mapping[str, Examined]) -> Understood:
    found = examined.get(file.sha256)
    wrong = "; ".join(found.defects) if found else "was not examined"
    told = f"{file.content_type or 'no content type'}, {file.size} bytes"
    return Understood("picture", f"{told}: {wrong or 'whole'}", good=not wrong)

"""What the suite understands of a server by its profile, from one job: lines for a person.

``asyncproof profile check`` prints them, so that a wrong place in a profile is seen at once.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from asyncproof.facts.callback_address import nothing_came
from asyncproof.facts.failures import error_of
from asyncproof.history.events import Delivered, Downloaded, Examined, File, Polled
from asyncproof.history.history import History, JobRecord
from asyncproof.history.recorder import Recorder
from asyncproof.run.profile_places import Mark, Overheard, Understood, places, what_is_there
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.text import cut
from asyncproof.wire.dialect import Dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import a_job, burst

SHOWN = 200  # characters of a body
WRONG = Mark.WRONG
KEY = 'headers = { Authorization = "Bearer YOUR_KEY" }'
CURES: Mapping[int, str] = {
    400: "the server does not like the body: compare [submit.body] with its documentation",
    401: f"the server wants to know who asks: set `headers` at the top of the profile, as {KEY}",
    403: f"the server does not let us: set `headers` at the top of the profile, as {KEY}",
    404: "is `path` of [submit] right?",
    405: "is `method` of [submit] right?",
    415: "the server takes no JSON, and a profile can send nothing else",
    422: "the server does not like the body: compare [submit.body] with its documentation",
}


def try_one_job(settings: Settings, spoken: Overheard) -> History:
    """One job, sent, followed to its end and fetched; nothing of it is kept. It may take
    ``job_timeout`` seconds, whatever it does meanwhile.

    Raises:
        SetupError: the server or our own callback server is unavailable.
    """
    with tempfile.TemporaryDirectory() as folder:
        chosen = _patient(replace(settings, callback_folder=Path(folder) / "callbacks"))
        recorder, url = Recorder(Path(folder)), chosen.miner_url
        with Testbed.open(chosen, url, recorder, seed=1, spoken=spoken) as testbed:
            most = chosen.job_timeout + chosen.callback_timeout
            return testbed.run(burst([a_job(1)]), name="profile check", seconds=most)


def _patient(settings: Settings) -> Settings:
    """No limit is sooner than that of the whole job: how a server is at work is not judged here.
    One that tells no state for ``silence_timeout`` is not waited for any longer."""
    most = settings.job_timeout
    return replace(
        settings,
        step_timeout=most,
        first_step_timeout=most,
        process_timeout=most,
        least_rate=0.0,
    )


def understood(spoken: Overheard, history: History) -> Iterator[Understood]:
    """What the one job of this history shows: step by step, of which the first that is wrong is the
    last, and then the places of the profile."""
    for job in history:
        for line in _steps(spoken, history, job):
            yield line
            if not line.good:
                break
        yield from places(spoken, completed=job.completed)


def _steps(spoken: Overheard, history: History, job: JobRecord) -> Iterator[Understood]:
    sent = job.submitted.sent or job.submitted.request
    yield Understood("sent", f"{spoken.spoken.submit}  {cut(json.dumps(sent), SHOWN)}")
    yield _answer(spoken, job)
    if spoken.has(Need.POLLING):
        yield from _polls(spoken, job)
    if spoken.has(Need.CALLBACKS):
        yield _callback(spoken, history, job)
    yield _end(job)
    yield from _pictures(spoken, history, job)


def _answer(spoken: Overheard, job: JobRecord) -> Understood:
    answered = job.answered
    if answered is None or answered.error or not answered.takes_the_job:
        said = (answered.error or answered.body) if answered else "nothing"
        code = answered.status_code if answered else None
        why = CURES.get(code or 0, "the job was not taken")
        if code and code < 300:
            where, there = " or ".join(spoken.profile.submit.id), what_is_there(spoken.submissions)
            why = f"no id where [submit] says, at {where}. There are: {there}"
        return Understood("answered", f"{code} {cut(said, SHOWN)}: {why}", WRONG)
    state = f", state {answered.status!r}" if answered.status else ""
    return Understood("answered", f"{answered.status_code}, job {answered.job_id!r}{state}")


def _polls(spoken: Overheard, job: JobRecord) -> Iterator[Understood]:
    query = spoken.status(job.job_id or "")
    for polled in job.polls:
        if polled.status is None:
            yield Understood("asked", f"{query}  {_no_state(polled, spoken)}", WRONG)
            return
    told = " → ".join(_state(polled) for polled in job.polls)
    mark = Mark.OK if job.polls else WRONG
    yield Understood("asked", f"{query}  {told or 'never answered'}", mark)


def _no_state(polled: Polled, spoken: Overheard) -> str:
    if polled.status_code in (401, 403):
        return f"{polled.status_code} {cut(polled.body, SHOWN)}: {CURES[polled.status_code]}"
    said = polled.error or f"{polled.status_code} {polled.body}".strip()
    there = f" There are: {what_is_there(spoken.statuses)}" if spoken.statuses else ""
    problems = f" {'; '.join(polled.problems)}" if polled.problems else ""
    return f"no state where [status] says: {cut(said, SHOWN)}{problems}.{there}"


def _state(polled: Polled) -> str:
    progress = "" if polled.progress is None else f" {polled.progress:g} %"
    return f"{polled.status}{progress}"


def _callback(spoken: Dialect, history: History, job: JobRecord) -> Understood:
    if not job.deliveries:
        return Understood("callback", f"none came{_why_none(spoken, history)}", WRONG)
    one = job.deliveries[0]
    if not one.stored:
        told = f"refused with {one.answered}: {one.broken or one.answer}{_proof(spoken, one)}"
        return Understood("callback", told, WRONG)
    picture = f", a picture of {one.image.size} bytes" if one.image else ""
    wrong = f"; {'; '.join(one.problems)}" if one.problems else ""
    names = spoken.spoken.fields.get("callback", {})
    texts = {names.get(name, name): cut(text, 60) for name, text in one.fields.items()}
    fields = ", ".join(f"{name} {text!r}" for name, text in texts.items())
    due = spoken.has(Need.CALLBACK_PICTURES) and not (one.image or one.fields.get("image_url"))
    lacking = "; no picture where [callback] says" if due and job.completed else ""
    before = f"{len(job.notices)} before the end; " if job.notices else ""
    mark = WRONG if wrong or lacking else Mark.OK
    return Understood("callback", f"{before}{fields}{picture}{wrong}{lacking}", mark)


def _why_none(spoken: Dialect, history: History) -> str:
    if "callback_url" not in spoken.asked:
        return ': nothing in [submit] is "{callback_url}", so the server does not know where to'
    if history.orphans:
        stray = history.orphans[0]
        return f" to its own url: one came to {stray.method} {stray.path}"
    return f": {nothing_came(history)} (--callback-base sets it)" if nothing_came(history) else ""


def _proof(spoken: Dialect, one: Delivered) -> str:
    """What to do where the proof of a sender was not what [callback] says."""
    if one.secret == "match":
        return ""
    if one.secret == "missing":
        return '. Set `header` in [callback] to the one that the server sends, or proof = "nothing"'
    if "callback_secret" in spoken.asked:
        return ". The secret is the one that was sent as {callback_secret}, for each job another"
    own = '"{callback_secret}"'
    return f". The secret is that of ASYNC_CALLBACK_SECRET, unless [submit.body] has {own}"


def _end(job: JobRecord) -> Understood:
    why = "" if job.completed else f": {cut(error_of(job), SHOWN)}"
    waited = next((f" within {gave_up.waited:.1f} s" for gave_up in job.gave_up), "")
    ended = job.final_status if job.terminal else f"not at all{waited}, last {job.final_status}"
    return Understood("ended", f"{ended}{why}", Mark.OK if job.completed else WRONG)


def _pictures(spoken: Dialect, history: History, job: JobRecord) -> Iterator[Understood]:
    told = spoken.has(Need.RESULTS) and spoken.has(Need.POLLING)
    if told and job.completed and job.download("result") is None:
        yield Understood("result", "no picture where [result] says", WRONG)
    for download in job.downloads:
        if download.file is None:
            yield Understood("result", f"{download.url}: {_why(download)}", WRONG)
    examined = {sha: found for (sha, _, _), found in history.pictures.items()}
    for file in {file.sha256: file for file in job.pictures()}.values():
        yield _picture(file, examined)
    if not any(True for _ in job.pictures()):
        yield Understood("picture", "none was found anywhere", WRONG)


def _why(download: Downloaded) -> str:
    return download.error or f"answered {download.status_code}"


def _picture(file: File, examined: Mapping[str, Examined]) -> Understood:
    found = examined.get(file.sha256)
    wrong = "; ".join(found.defects) if found else "was not examined"
    told = f"{file.content_type or 'no content type'}, {file.size} bytes"
    return Understood("picture", f"{told}: {wrong or 'whole'}", WRONG if wrong else Mark.OK)

"""Judges jobs as they end and forgets them: the findings of a run of any length, in the memory of
the jobs in flight.

A job is judged when nothing more was asked about it for a while and its pictures were examined,
together with others that ended meanwhile and with those that it may be mixed up with. What comes
for it later (a second callback) brings it back from the file, and it is judged again. What only all
jobs together can show (an id or a picture that two of them have, pictures that look damaged
throughout) is judged at the end on the jobs that the ledger names.

The findings are those that :func:`judged_as_a_whole` makes of the whole history; a property test
holds both against each other. Only the advice of a finding may differ where it goes by what became
of other jobs.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncproof.checks import identity, images, liveness, submission
from asyncproof.facts.applicable import applicable
from asyncproof.facts.causes import explained
from asyncproof.facts.observer import doubt
from asyncproof.facts.provoked import provocations, unprovoked
from asyncproof.harness.verdict import Check, CheckResult, Finding, Level
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    Downloaded,
    Examined,
    FellBehind,
    GaveUp,
    Listening,
    Polled,
    RunStarted,
    ScenarioStarted,
    Settled,
    Submitted,
    ToldToWait,
    Unchanged,
    reader,
)
from asyncproof.history.history import History, JobRecord
from asyncproof.reports.stress_report import doubts, picture_reason
from asyncproof.run.late_checks import EVERY_JOB, OF_LATE_CALLBACKS, WHOLE_RUN, without_told
from asyncproof.stress.ledger import JudgedJob, Ledger

EVERY = 0.25  # seconds between two judgements, of all jobs that are due by then
GRACE = 1.0  # seconds after its end in which a second callback finds its job in memory
MOST_OF_NOTE = 5_000  # jobs that are read back at the end
ORPHANS = 1_000
EXAMPLES = 200  # sound jobs that are kept for the report and for the causes
# Of which two jobs are needed to break them, or all of them to judge one.
OF_ALL_JOBS: tuple[Check[History], ...] = (
    submission.job_ids_are_unique,
    identity.different_requests_different_pictures,
    images.pictures_do_not_look_damaged_throughout,
    images.no_picture_looks_damaged,
    liveness.the_queue_moves,
)
OF_ONE_JOB = tuple(c for c in (*EVERY_JOB, *OF_LATE_CALLBACKS) if c not in OF_ALL_JOBS)
_JOBS = (Answered, Downloaded, GaveUp, Polled, Settled, Submitted, ToldToWait, Unchanged)
_HEADER = (RunStarted, Listening, ScenarioStarted)
Placed = tuple[int, AsyncEvent]  # with where in the file the event begins


@dataclass(slots=True)
class LiveJob:
    """A job that was not judged yet, or has come back. ``pictures`` are the SHA-256 of its own."""

    events: list[Placed] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    token: str = ""
    job_id: str = ""
    settled: float | None = None
    again: bool = False


@dataclass(slots=True)
class _Told:
    """What one check has said so far. ``findings`` by clause and job, or subject."""

    judged: int = 0
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    doubts: dict[tuple[str, str], str] = field(default_factory=dict)
    reason: str = ""
    crash: str = ""


Forget = Callable[[JobRecord, bool], None]


class Folding:
    """Takes the events of a run in their order. :meth:`results` may be asked for once, at the end.

    ``history`` is the file that has all of them; ``forget`` is called with each job that was
    judged, and whether its pictures are sound. ``judged`` counts the jobs that were judged,
    ``failing`` the jobs with a finding under a MUST, ``completed`` those that completed,
    ``pictured`` those with a picture that was examined; ``in_a_row`` how many of the last did not
    complete. ``invalid`` and ``doubted`` say at the end which pictures are damaged, or may be, by
    job. ``fresh`` is called with each finding as it is made.
    """

    def __init__(
        self,
        history: Path,
        ledger: Ledger,
        levels: Mapping[str, Level],
        *,
        forget: Forget = lambda _job, _sound: None,
        fresh: Callable[[Finding], None] = lambda _: None,
        every: float = EVERY,
        grace: float = GRACE,
    ) -> None:
        self._path, self._ledger, self._levels = history, ledger, levels
        self._forget, self._fresh, self._every, self._grace = forget, fresh, every, grace
        self._header: list[Placed] = []
        self._live: dict[str, LiveJob] = {}
        self._by_token: dict[str, str] = {}
        self._by_job_id: dict[str, str] = {}
        self._settled: dict[str, float] = {}
        self._pictures: dict[str, dict[tuple[int, int], Examined]] = {}
        self._holders: dict[str, int] = defaultdict(int)
        self._orphans: list[Placed] = []
        self._suspicious: dict[str, None] = {}
        self._examples: dict[str, None] = {}
        self._told = {check.name: _Told() for check in (*OF_ONE_JOB, *OF_ALL_JOBS)}
        self._failing: dict[str, None] = {}
        self._sound_pictures = 0
        self._end, self._judged_at = 0, 0.0
        self.judged = self.completed = self.pictured = self.in_a_row = 0
        self.invalid: dict[str, str] = {}
        self.doubted: dict[str, str] = {}

    @property
    def failing(self) -> int:
        """How many jobs have a finding under a MUST, so far."""
        return len(self._failing)

    @property
    def waiting(self) -> int:
        """How many jobs were not judged yet."""
        return len(self._live)

    def take(self, event: AsyncEvent, position: int) -> None:
        """The next event, which begins there in the file."""
        self._end = position
        if isinstance(event, Submitted):
            self._submitted(event, position)
        elif isinstance(event, _JOBS):
            job = self._job(event.job)
            if job is not None:
                job.events.append((position, event))
                self._note(job, event)
        elif isinstance(event, Delivered):
            self._delivered(event, position)
        elif isinstance(event, Examined):
            self._pictures.setdefault(event.sha256, {})[event.width, event.height] = event
        elif isinstance(event, (*_HEADER, FellBehind)):
            self._header.append((position, event))
        if event.at - self._judged_at >= self._every:
            self._judged_at = event.at
            self._judge(self._due(event.at))

    def _submitted(self, event: Submitted, position: int) -> None:
        """A job that was told to wait is submitted again, under its name."""
        job = self._live.setdefault(event.job, LiveJob(token=event.token))
        job.events.append((position, event))
        if event.token:
            self._by_token[event.token] = event.job

    def _note(self, job: LiveJob, event: AsyncEvent) -> None:
        if isinstance(event, Answered) and event.takes_the_job and event.job_id:
            job.job_id = event.job_id
            self._by_job_id.setdefault(event.job_id, event.job)
        elif isinstance(event, Downloaded) and event.file is not None:
            self._hold(job, event.file.sha256)
        elif isinstance(event, Settled):
            job.settled = event.at
            self._settled[event.job] = event.at

    def _hold(self, job: LiveJob, sha256: str) -> None:
        if sha256 not in job.pictures:
            job.pictures.add(sha256)
            self._holders[sha256] += 1

    def _delivered(self, event: Delivered, position: int) -> None:
        name = self._owner(event)
        job = self._job(name) if name else None
        if job is None or name is None:
            if len(self._orphans) < ORPHANS:
                self._orphans.append((position, event))
            return
        job.events.append((position, event))
        if event.image is not None:
            self._hold(job, event.image.sha256)
        if job.again:
            self._settled[name] = event.at

    def _owner(self, event: Delivered) -> str | None:
        """By the url; on the plain url by the id in the body."""
        if event.token:
            name = self._by_token.get(event.token)
            kept = None if name else self._ledger.with_token(event.token)
        else:
            job_id = event.fields.get("job_id", "")
            name = self._by_job_id.get(job_id)
            kept = self._ledger.with_job_id(job_id) if job_id and not name else None
        return name or (kept.name if kept else None)

    def _job(self, name: str) -> LiveJob | None:
        """The job, brought back from the file where it was judged before."""
        job = self._live.get(name)
        kept = self._ledger.named(name) if job is None else None
        return job if kept is None else self._brought_back(kept)

    def _brought_back(self, kept: JudgedJob) -> LiveJob:
        job = LiveJob(token=kept.token, job_id=kept.job_id, again=True)
        job.events = self._read({kept.name}, {kept.token}, kept.first, kept.last)
        for _, event in job.events:
            self._keep_pictures(job, event)
        for told in self._told.values():
            for said in (told.findings, told.doubts):
                for key in [key for key in said if key[1] == kept.name]:
                    del said[key]
        self._failing.pop(kept.name, None)
        self._live[kept.name] = job
        if kept.token:
            self._by_token[kept.token] = kept.name
        self._settled[kept.name] = job.events[-1][1].at
        return job

    def _keep_pictures(self, job: LiveJob, event: AsyncEvent) -> None:
        file = event.image if isinstance(event, Delivered) else getattr(event, "file", None)
        if file is not None:
            self._hold(job, file.sha256)
        if isinstance(event, Examined):
            self._pictures.setdefault(event.sha256, {})[event.width, event.height] = event

    def _read(
        self, names: Collection[str], tokens: Collection[str], first: int, last: int
    ) -> list[Placed]:
        """The events of these jobs from a part of the file, with what their pictures are."""
        found, shas = list[Placed](), set[str]()
        for position, event in reader.read_from(self._path, first):
            if position > last:
                break
            if isinstance(event, Delivered):
                is_theirs = bool(event.token) and event.token in tokens
                is_theirs = is_theirs or (not event.token and self._owner(event) in names)
                sha = event.image.sha256 if event.image and is_theirs else None
            elif isinstance(event, Examined):
                is_theirs, sha = event.sha256 in shas, None
            else:
                is_theirs = getattr(event, "job", None) in names
                file = event.file if isinstance(event, Downloaded) and is_theirs else None
                sha = file.sha256 if file else None
            shas |= {sha} - {None}  # type: ignore[arg-type]
            if is_theirs:
                found.append((position, event))
        return found

    def _due(self, now: float) -> list[str]:
        """Jobs that ended long enough ago, and whose pictures were examined."""
        return [
            name
            for name, at in self._settled.items()
            if now - at >= self._grace and self._is_examined(self._live[name])
        ]

    def _is_examined(self, job: LiveJob) -> bool:
        return all(sha in self._pictures for sha in job.pictures)

    def _judge(self, names: Iterable[str]) -> None:
        """Judge these jobs, those for the first time apart from those that have come back."""
        known = {name: self._live[name].again for name in names}
        for again in (False, True):
            batch = [name for name, has_come_back in known.items() if has_come_back is again]
            if batch:
                self._judge_alike(batch, again=again)

    def _judge_alike(self, batch: list[str], *, again: bool) -> None:
        jobs = {name: self._live[name] for name in batch}
        history = self._history(jobs)
        judged = history.only(history.jobs[name] for name in batch)
        plain = not any(map(provocations, judged))
        for check in OF_ONE_JOB:
            due = judged if plain else unprovoked(judged, check.clauses)
            self._tell(check, due, count=not again)
        for name in batch:
            job, record = jobs[name], history.jobs[name]
            sound = self._is_sound(judged, record)
            self._retire(name, job, sound=sound)
            self._count(judged, record, again=again)
            self._forget(record, sound)

    def _count(self, history: History, record: JobRecord, *, again: bool) -> None:
        self.judged += not again
        self.pictured += not again and picture_reason(history, record) is not None
        self.completed += record.completed and not again
        self.in_a_row = 0 if record.completed else self.in_a_row + 1
        if record.completed:
            self._examples.pop(record.name, None)
            self._examples[record.name] = None
            if len(self._examples) > EXAMPLES:
                del self._examples[next(iter(self._examples))]

    def _history(self, jobs: Mapping[str, LiveJob]) -> History:
        """These jobs, and those that are named beside them, so that these can be looked up."""
        events = [*self._header, *(placed for job in jobs.values() for placed in job.events)]
        for name in self._mixed_up(jobs):
            events += self._events_of(name)
        shas = {sha for job in jobs.values() for sha in job.pictures}
        events.sort(key=lambda placed: placed[0])
        examined = [one for sha in shas for one in self._pictures.get(sha, {}).values()]
        return build([*(event for _, event in events), *examined])

    def _events_of(self, name: str) -> list[Placed]:
        """Of a job that is needed for a look only: from memory, or from the file."""
        if name in self._live:
            return self._live[name].events
        kept = self._ledger.named(name)
        return self._read({kept.name}, {kept.token}, kept.first, kept.last) if kept else []

    def _mixed_up(self, jobs: Mapping[str, LiveJob]) -> set[str]:
        """Other jobs that callbacks and answers of these name."""
        named = set[str]()
        for job in jobs.values():
            for _, event in job.events:
                if isinstance(event, Delivered):
                    owner = event.secret_owner or ""
                    named.add(self._by_token.get(owner) or _name(self._ledger.with_token(owner)))
                    named.add(self._with_id(event.fields.get("job_id", ""), job))
                elif isinstance(event, Polled):
                    named.add(self._with_id(event.job_id or "", job))
        return named - jobs.keys() - {""}

    def _with_id(self, job_id: str, job: LiveJob) -> str:
        if not job_id or job_id == job.job_id:
            return ""
        return self._by_job_id.get(job_id) or _name(self._ledger.with_job_id(job_id))

    def _tell(self, check: Check[History], history: History, *, count: bool) -> None:
        (applied,) = applicable([check], history)
        result = applied(history)
        told = self._told[check.name]
        told.judged += result.judged if count else 0
        told.reason, told.crash = result.reason or told.reason, result.crash or told.crash
        for finding in result.findings:
            about = finding.job or finding.subject
            if weak := doubt(history, finding):
                told.doubts[finding.clause, about] = weak
                continue
            told.findings[finding.clause, about] = finding
            self._note_failure(finding)

    def _note_failure(self, finding: Finding) -> None:
        if self._levels.get(finding.clause, Level.MUST) is Level.MUST:
            self._failing[finding.job or finding.subject] = None
        self._fresh(finding)

    def _is_sound(self, history: History, record: JobRecord) -> bool:
        """Whether nothing at all is wrong with its pictures; they are counted then."""
        files = list(record.pictures())
        seen = [history.pictures.get((file.sha256, *record.size)) for file in files]
        unsound = any(one is None or one.defects or one.suspicions for one in seen)
        if unsound or record.gave_up:
            self._suspicious[record.name] = None
        if unsound:
            return False
        self._sound_pictures += len(files)
        return record.name not in self._failing

    def _retire(self, name: str, job: LiveJob, *, sound: bool) -> None:
        del self._live[name], self._settled[name]
        self._by_token.pop(job.token, None)
        if self._by_job_id.get(job.job_id) == name:
            del self._by_job_id[job.job_id]
        kept = JudgedJob(name, job.token, job.job_id, job.events[0][0], self._end)
        self._ledger.keep(kept, job.pictures)
        for sha in job.pictures:
            self._holders[sha] -= 1
            if not self._holders[sha]:
                del self._holders[sha]
                if sound:
                    self._pictures.pop(sha, None)

    def results(self) -> tuple[CheckResult, ...]:
        """What every check has found. Jobs that have not settled are left out: what was cut short
        says nothing."""
        self._judge([name for name in self._settled if self._is_examined(self._live[name])])
        self._judge(list(self._settled))
        self._judge_all_jobs()
        told = ((check, self._told[check.name]) for check in (*OF_ONE_JOB, *OF_ALL_JOBS))
        results = [
            CheckResult(
                check.name,
                check.clauses,
                said.judged,
                tuple(said.findings.values()),
                said.reason,
                said.crash,
                WHOLE_RUN,
                tuple(said.doubts.values()),
            )
            for check, said in told
            if said.judged or said.crash or said.findings or said.doubts
        ]
        return explained(without_told(results, ()), self.of_note())

    def _judge_all_jobs(self) -> None:
        """What two jobs or all of them are needed for, and callbacks that are of none."""
        sharing = self._ledger.sharing_an_id(MOST_OF_NOTE)
        sharing += self._ledger.sharing_a_picture(MOST_OF_NOTE)
        owners = (e.secret_owner for _, e in self._orphans if isinstance(e, Delivered))
        theirs = [_name(self._ledger.with_token(owner)) for owner in owners if owner]
        history = self._read_back([*sharing, *self._suspicious, *theirs])
        history.sound_pictures = self._sound_pictures - _sound_among(history)
        reasons = {job.name: picture_reason(history, job) for job in history}
        self.invalid = {name: reason for name, reason in reasons.items() if reason}
        self.doubted = doubts(history)
        for check in OF_ALL_JOBS:
            self._tell(check, unprovoked(history, check.clauses), count=False)
            told = self._told[check.name]
            told.judged = max(told.judged, self.judged) if not told.reason else told.judged
        orphans = [event for _, event in self._orphans if isinstance(event, Delivered)]
        if not orphans:
            return
        beside = replace(history.only(()), orphans=orphans)
        for check in OF_ONE_JOB:
            self._tell(check, beside, count=False)

    def of_note(self) -> History:
        """The failing jobs, and sound ones as examples: what a report can show of a long run."""
        return self._read_back([*self._failing, *self._examples])

    def events_of_note(self) -> list[AsyncEvent]:
        """The events of these jobs, with the beginning of the run."""
        return [event for _, event in self._placed_of([*self._failing, *self._examples])]

    def _read_back(self, names: Iterable[str]) -> History:
        return build(event for _, event in self._placed_of(names))

    def _placed_of(self, names: Iterable[str]) -> list[Placed]:
        chosen = list(dict.fromkeys(names))[:MOST_OF_NOTE]
        kept = [one for name in chosen if (one := self._ledger.named(name))]
        if not kept:
            return list(self._header)
        tokens = {one.token for one in kept} - {""}
        first, last = min(one.first for one in kept), max(one.last for one in kept)
        events = self._read({one.name for one in kept}, tokens, first, last)
        return sorted([*self._header, *events], key=lambda placed: placed[0])


def _name(kept: JudgedJob | None) -> str:
    return kept.name if kept else ""


def _sound_among(history: History) -> int:
    """Pictures of this history that look whole, by the same rule as in the fold."""
    count = 0
    for job in history:
        seen = [history.pictures.get((file.sha256, *job.size)) for file in job.pictures()]
        if not any(one is None or one.defects or one.suspicions for one in seen):
            count += len(seen)
    return count

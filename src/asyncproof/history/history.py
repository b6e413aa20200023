"""What is known of a run, job by job: what the checks read. Built by ``fold``."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import (
    Answered,
    CallbackSection,
    Compared,
    Delivered,
    Downloaded,
    Examined,
    FellBehind,
    File,
    GaveUp,
    Learned,
    Listening,
    NemesisActed,
    Polled,
    Probed,
    RunEnded,
    RunStarted,
    ScenarioStarted,
    Submitted,
    ToldToWait,
    Unchanged,
)
from asyncproof.text import cut
from asyncproof.vocabulary import TERMINAL

Recipe = tuple[str, ...]
TOGETHER = "together"  # a tag of jobs whose pictures are judged together
LOAD, QUIET = "load", "quiet"  # a tag, and its value for jobs that had the miner for themselves
RECIPE = ("prompt", "seed", "width", "height", "num_inference_steps", "guidance_scale", "lora_path")


def recipe_of(request: Mapping[str, object]) -> Recipe:
    """What makes the picture of a request: requests that agree in all of it ask for the same."""
    return tuple(repr(request.get(name)) for name in RECIPE)


ID_SHOWN = 64  # characters; ids are the miner's, or a hostile client's


def _printable(job_id: str) -> str:
    shown = job_id if job_id.isprintable() else ascii(job_id)
    return cut(shown, ID_SHOWN)


@dataclass(eq=False)
class JobRecord:
    """All that is known of one job, in the order in which it happened.

    ``polls_of_another``: answers under this job's id after another job got the same id, which are
    not known to be about this one; ``id_given_again_at`` is when that was. ``notices`` are
    callbacks about other events than its end, of a server that sends them. ``settled``: it was
    followed to its end, where the run says so of each job.
    """

    submitted: Submitted
    scenario: ScenarioStarted | None = None
    answered: Answered | None = None
    told_to_wait: list[ToldToWait] = field(default_factory=list)
    polls: list[Polled] = field(default_factory=list)
    unchanged: list[Unchanged] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    notices: list[Delivered] = field(default_factory=list)
    downloads: list[Downloaded] = field(default_factory=list)
    gave_up: list[GaveUp] = field(default_factory=list)
    judged_at: float | None = None
    polls_of_another: list[Polled] = field(default_factory=list)
    id_given_again_at: float | None = None
    settled: bool = False

    @property
    def name(self) -> str:
        """The suite's own name of the job."""
        return self.submitted.job

    @property
    def job_id(self) -> str | None:
        """The id that the miner gave it."""
        return self.answered.job_id if self.answered else None

    @property
    def shown(self) -> str:
        """Both of its names, for a person."""
        return f"{self.name} ({_printable(self.job_id)})" if self.job_id else self.name

    @property
    def tags(self) -> dict[str, str]:
        return self.submitted.tags

    @property
    def is_idle(self) -> bool:
        """Whether it was sent to have the miner for itself."""
        return self.tags.get(LOAD) == QUIET

    @property
    def recipe(self) -> Recipe:
        """What makes its picture: jobs that agree in all of these ask for the same one."""
        return recipe_of(self.submitted.request)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that were asked for; 0 where the request has no such number."""
        width, height = map(self.submitted.request.get, ("width", "height"))
        return (
            width if isinstance(width, int) else 0,
            height if isinstance(height, int) else 0,
        )

    @property
    def steps(self) -> int:
        """How many steps were asked for; 0 where the request has no such number."""
        asked = self.submitted.request.get("num_inference_steps")
        return asked if isinstance(asked, int) else 0

    def pictures(self) -> Iterator[File]:
        """Every picture of the job: as delivered, then as downloaded."""
        yield from (d.image for d in self.deliveries if d.image is not None)
        yield from (d.file for d in self.downloads if d.file is not None)

    @property
    def accepted(self) -> bool:
        return self.answered is not None and self.answered.takes_the_job

    @property
    def terminal(self) -> Polled | None:
        """The poll that first showed a terminal state."""
        return next((p for p in self.polls if p.status in TERMINAL), None)

    @property
    def final_status(self) -> str | None:
        """The first terminal status that was seen, else the last status of all.

        Where a miner takes an end back, that is POL-3's; everything else goes by the end that
        clients stop at.
        """
        if self.terminal is not None:
            return self.terminal.status
        return next((p.status for p in reversed(self.polls) if p.status), None)

    @property
    def completed(self) -> bool:
        return self.final_status == "completed"

    @property
    def section(self) -> CallbackSection | None:
        """The miner's last statement about the job's callback."""
        return next((p.callback for p in reversed(self.polls) if p.callback), None)

    @property
    def callbacks(self) -> list[Delivered]:
        """Deliveries and notices, as they began."""
        if not self.notices:
            return self.deliveries
        return sorted([*self.deliveries, *self.notices], key=lambda callback: callback.began)

    @property
    def own_deliveries(self) -> list[Delivered]:
        """Callbacks at this job's url that do not name another job in their body."""
        return [d for d in self.deliveries if d.fields.get("job_id", self.job_id) == self.job_id]

    @property
    def delivery(self) -> Delivered | None:
        """The first callback of this job that was stored whole."""
        return next((d for d in self.own_deliveries if d.stored), None)

    def download(self, what: str = "result") -> Downloaded | None:
        return next((d for d in self.downloads if d.what == what), None)

    def since_submission(self, at: float) -> float:
        return at - self.submitted.at

    def finding(
        self,
        clause: str,
        expected: str,
        actual: str,
        *,
        at: float | None = None,
        advice: str = "",
        cause: str = "",
    ) -> Finding:
        """A finding about this job; ``cause`` groups it with equal ones of other jobs."""
        return Finding(clause, self.shown, expected, actual, at, advice, cause, job=self.name)


@dataclass(eq=False)
class History:
    """The jobs of one scenario (or of a whole run), and what happened beside them.

    ``orphans`` are callbacks that belong to no job of the run. ``pictures`` tells what each picture
    of the run is, by its SHA-256 and the size that it should have; ``quiet`` are the pictures that
    were made in quiet, by recipe, and ``quiet_jobs`` the first jobs that made them; ``compared``
    holds the comparisons, by picture and reference. ``known`` are the jobs that callbacks and ids
    are looked up among, where these are more than ``jobs``. ``lora_before`` is the first job of the
    run that was drawn with a LoRA before this scenario began; empty where there was none.
    ``behind`` says when this suite was late itself. ``sound_pictures`` counts pictures that look
    whole and whose jobs are left out here.
    """

    jobs: dict[str, JobRecord] = field(default_factory=dict)
    orphans: list[Delivered] = field(default_factory=list)
    probes: list[Probed] = field(default_factory=list)
    nemesis_acts: list[NemesisActed] = field(default_factory=list)
    pictures: dict[tuple[str, int, int], Examined] = field(default_factory=dict)
    quiet: dict[Recipe, list[File]] = field(default_factory=dict)
    quiet_jobs: dict[Recipe, JobRecord] = field(default_factory=dict)
    compared: dict[tuple[str, str], Compared] = field(default_factory=dict)
    learned: Learned | None = None
    scenario: ScenarioStarted | None = None
    started: RunStarted | None = None
    listening: Listening | None = None
    ended: RunEnded | None = None
    finished: float | None = None
    known: dict[str, JobRecord] = field(default_factory=dict)
    lora_before: str = ""
    behind: list[FellBehind] = field(default_factory=list)
    sound_pictures: int = 0

    def __iter__(self) -> Iterator[JobRecord]:
        return iter(self.jobs.values())

    @property
    def accepted(self) -> list[JobRecord]:
        return [job for job in self if job.accepted]

    def only(self, jobs: Iterable[JobRecord]) -> "History":
        """The same with these jobs alone; the others can still be looked up."""
        chosen = {job.name: job for job in jobs}
        return replace(self, jobs=chosen, known=self.known or self.jobs)

    @cached_property
    def by_job_id(self) -> dict[str, JobRecord]:
        """Jobs by the id that the miner gave them (the first job that got it)."""
        return {job_id: jobs[0] for job_id, jobs in self._with_job_id.items()}

    def with_job_id(self, job_id: str) -> list[JobRecord]:
        """Every job that got this id, in the order of submission."""
        return self._with_job_id.get(job_id, [])

    @cached_property
    def _with_job_id(self) -> dict[str, list[JobRecord]]:
        found = defaultdict[str, list[JobRecord]](list)
        for job in (self.known or self.jobs).values():
            if job.job_id:
                found[job.job_id].append(job)
        return found

    @cached_property
    def by_token(self) -> dict[str, JobRecord]:
        jobs = (self.known or self.jobs).values()
        return {job.submitted.token: job for job in jobs if job.submitted.token}

    def wall(self, at: float) -> float:
        """Unix time of a moment of this run, by our clock."""
        return at + (self.started.wall if self.started else 0.0)

    def probed(self, probe: str) -> list[Probed]:
        return [p for p in self.probes if p.probe == probe]

"""The points where a defect can act, each a filter: correct value in, used value out.

A correct miner returns every value unchanged. A :class:`Fault` overrides one or two filters; the
rest of the miner calls a :class:`Chain`, which passes a value through the faults that strike this
time. Filters of the first group run in the miner, those of the second in its inference processes.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from reference.catalog import Entry
from reference.miner.jobs import Ending, Job, Section
from reference.miner.messages import Task
from reference.miner.settings import Settings

if TYPE_CHECKING:
    from reference.miner.form import Form
    from reference.miner.pictures.kinds import Pixels

Beat = Callable[[float | None], None]
BEAT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: JSON from ``body``, or a file or bytes of this ``kind``, with further
    ``headers``. ``delay`` in seconds."""

    code: int
    body: dict[str, Any] | bytes | Path
    delay: float = 0.0
    kind: str = "image/png"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One callback to send. ``image`` is a file or its bytes."""

    url: str
    headers: dict[str, str]
    fields: dict[str, str]
    method: str = "POST"
    image: Path | bytes | None = None
    image_type: str = "image/png"
    filename: str = "result.png"
    delay: float = 0.0
    follow_redirects: bool = False


class Seams:
    """Every filter, unchanged."""

    def settings(self, settings: Settings) -> Settings:
        """The settings to start with."""
        return settings

    def submission_path(self, path: str) -> str:
        """Where submissions are taken; from the usual ``path`` a redirect leads there."""
        return path

    def crowded(self, answer: Answer) -> Answer:
        """The answer to a submission for which there is no place in the queue."""
        return answer

    def raw(self, raw: bytes) -> bytes:
        """The bytes of a submission."""
        return raw

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON of a submission, before it is checked."""
        return body

    def training_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON of a training request, before it is checked."""
        return body

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        """Whether a chosen id is refused; ``earlier`` is the job that has or had it."""
        return busy

    def named(self, job_id: str) -> str:
        """The id of a job that is being accepted."""
        return job_id

    def refused(self, answer: Answer) -> Answer:
        """The answer to a submission that is refused."""
        return answer

    def submitted(self, job: Job, answer: Answer) -> Answer:
        """The answer to a submission that is accepted."""
        return answer

    def polled(self, job: Job, answer: Answer) -> Answer:
        """The answer to a poll of this job."""
        return answer

    def result(self, job: Job, answer: Answer) -> Answer:
        """The answer to a download of this job's picture."""
        return answer

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        """The answer to a request for an unknown job."""
        return answer

    def health(self, answer: Answer) -> Answer:
        """The answer of ``/health``."""
        return answer

    def listed(self, jobs: Sequence[Job], answer: Answer) -> Answer:
        """The answer of ``/jobs``."""
        return answer

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        """The answer to a training request, with the jobs that it must not touch."""
        return answer

    def queue(self, jobs: list[Job]) -> list[Job]:
        """The waiting jobs in the order in which they will be started."""
        return jobs

    def task(self, job: Job, task: Task) -> Task:
        """The order to an inference process."""
        return task

    def ended(self, job: Job, ending: Ending) -> Ending:
        """The final state of a job."""
        return ending

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        """The callbacks of a job that ended; a correct miner has one."""
        return deliveries

    def not_due(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        """The callbacks of a job without one to send: no url, or expired; a correct miner has
        none."""
        return deliveries

    def attempt(self, job: Job, delivery: Delivery, number: int) -> Delivery:
        """A callback before it is sent for the second time or later."""
        return delivery

    def form(self, job: Job, form: "Form") -> "Form":
        """The body of a callback, ready to be sent."""
        return form

    def section(self, job: Job, section: Section) -> Section:
        """The miner's own statement about its callback."""
        return section

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        """Called as a process enters a stage (a State's value); ``beat`` sends a heartbeat."""
        return name

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        """The percentage to report after a step."""
        return percent

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        """The finished picture, height x width x RGB."""
        return pixels

    def file(self, task: Task, data: bytes) -> bytes:
        """The finished PNG."""
        return data


class Fault(Entry, Seams):
    """An entry of the catalog that overrides one or two filters; its clause is one of
    ``docs/protocol.md``.

    ``parameter`` is the default of the value in ``--fault NAME:VALUE``, None where the fault takes
    no value; ``launch`` is the number of the inference process that the fault is in.
    """

    parameter: ClassVar[float | None] = None
    launch: int = 0

    def __init__(self, value: float | None = None) -> None:
        if value is not None and self.parameter is None:
            raise ValueError(f"{self.name} takes no value, not {value:g}")
        self.value = self.parameter if value is None else value


def forever(beat: Callable[[], None] | None = None) -> NoReturn:
    """Hang: silently, or with heartbeats. Ends with the process."""
    while True:
        time.sleep(BEAT_SECONDS if beat else 3600)
        if beat:
            beat()


Armed = Callable[[Fault, Job | Task | None], bool]


class Chain(Seams):
    """All faults that are switched on, in order; ``armed`` says which strike now."""

    def __init__(self, faults: Iterable[Fault] = (), armed: Armed = lambda _fault, _of: True):
        self.faults = tuple(faults)
        self._armed = armed

    def armed(self, of: Job | Task | None = None) -> list[Fault]:
        """Those that strike this job or task, in the order of the command line."""
        return [fault for fault in self.faults if self._armed(fault, of)]

    def settings(self, settings: Settings) -> Settings:
        return reduce(lambda value, fault: fault.settings(value), self.faults, settings)

    def submission_path(self, path: str) -> str:
        return reduce(lambda value, fault: fault.submission_path(value), self.faults, path)

    def crowded(self, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.crowded(value), self.armed(), answer)

    def attempt(self, job: Job, delivery: Delivery, number: int) -> Delivery:
        return reduce(lambda value, f: f.attempt(job, value, number), self.armed(job), delivery)

    def raw(self, raw: bytes) -> bytes:
        return reduce(lambda value, fault: fault.raw(value), self.armed(), raw)

    def in_use(self, earlier: Job | None, busy: bool) -> bool:
        return reduce(lambda value, fault: fault.in_use(earlier, value), self.armed(), busy)

    def named(self, job_id: str) -> str:
        return reduce(lambda value, fault: fault.named(value), self.armed(), job_id)

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.unknown(job_id, value), self.armed(), answer)

    def listed(self, jobs: Sequence[Job], answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.listed(jobs, value), self.armed(), answer)

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        return reduce(lambda value, fault: fault.body(value), self.armed(), body)

    def training_body(self, body: dict[str, Any]) -> dict[str, Any]:
        return reduce(lambda value, fault: fault.training_body(value), self.armed(), body)

    def refused(self, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.refused(value), self.armed(), answer)

    def submitted(self, job: Job, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.submitted(job, value), self.armed(job), answer)

    def polled(self, job: Job, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.polled(job, value), self.armed(job), answer)

    def result(self, job: Job, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.result(job, value), self.armed(job), answer)

    def health(self, answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.health(value), self.armed(), answer)

    def trained(self, in_flight: Sequence[Job], answer: Answer) -> Answer:
        return reduce(lambda value, fault: fault.trained(in_flight, value), self.armed(), answer)

    def queue(self, jobs: list[Job]) -> list[Job]:
        return reduce(lambda value, fault: fault.queue(value), self.armed(), jobs)

    def task(self, job: Job, task: Task) -> Task:
        return reduce(lambda value, fault: fault.task(job, value), self.armed(job), task)

    def ended(self, job: Job, ending: Ending) -> Ending:
        return reduce(lambda value, fault: fault.ended(job, value), self.armed(job), ending)

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return reduce(lambda value, f: f.deliveries(job, value), self.armed(job), deliveries)

    def not_due(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return reduce(lambda value, f: f.not_due(job, value), self.armed(job), deliveries)

    def form(self, job: Job, form: "Form") -> "Form":
        return reduce(lambda value, fault: fault.form(job, value), self.armed(job), form)

    def section(self, job: Job, section: Section) -> Section:
        return reduce(lambda value, fault: fault.section(job, value), self.armed(job), section)

    def stage(self, task: Task | None, name: str, beat: Beat) -> str:
        return reduce(lambda value, f: f.stage(task, value, beat), self.armed(task), name)

    def step(self, task: Task, percent: float | None, beat: Beat) -> float | None:
        return reduce(lambda value, f: f.step(task, value, beat), self.armed(task), percent)

    def pixels(self, task: Task, pixels: "Pixels") -> "Pixels":
        return reduce(lambda value, fault: fault.pixels(task, value), self.armed(task), pixels)

    def file(self, task: Task, data: bytes) -> bytes:
        return reduce(lambda value, fault: fault.file(task, value), self.armed(task), data)

"""What a run does: jobs, the shape in which they leave, and requests beside them. All values."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import cache
from io import BytesIO
from typing import Any, Protocol

from PIL import Image

from asyncproof.workload.needs import NO_NEEDS, Need, Needs
from asyncproof.workload.provocation import NOTHING, Provocation, Provocations

PROMPTS = (
    "A cute anime girl with blue hair",
    "A mountain lake at noon, wide angle photograph",
    "Portrait of an old sailor, oil painting",
    "A red fox in tall grass, morning light",
    "A narrow street with lanterns, watercolour",
    "A bowl of fruit on a wooden table, still life",
    "A lighthouse above a rough sea",
)


class CallbackTo(StrEnum):
    """Where a job asks its callback to go."""

    OWN_URL = "own url"  # its own token in the url and its own secret: a mix-up names both jobs
    PLAIN_URL = "plain url"  # /callback and the secret of the settings, as in the basic protocol
    NOWHERE = "nowhere"  # no callback_url at all


class Leaves(StrEnum):
    """When a job leaves, by what became of the last one that left before it."""

    ALWAYS = "always"
    IF_IN_DOUBT = "if the job before it was taken and has not completed"
    UNLESS_COMPLETED = "unless the job before it has completed"
    UNLESS_RENAMED = "unless the job before it got another id than it asked for"

    def is_wanted(self, *, taken: bool, completed: bool, renamed: bool) -> bool:
        """Whether it leaves, now that this became of the job before it."""
        match self:
            case Leaves.ALWAYS:
                return True
            case Leaves.IF_IN_DOUBT:
                return taken and not completed
            case Leaves.UNLESS_COMPLETED:
                return not completed
            case Leaves.UNLESS_RENAMED:
                return not renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request for a picture. None means: leave the field out, or take it from the settings.

    ``expiry`` is a time from submission, or the literal text to send. ``job_id`` is an id chosen by
    the client. ``extra`` is sent as it is, over everything else; ``without`` names fields that are
    not sent although they have a value. ``tags`` say for whom the job is meant, for the checks;
    ``provokes`` what a sound miner may do differently because of what is special about it.

    Where nobody looks at the picture, it may be ``small`` where the miner is known to take small
    ones, and where nobody follows the progress, it may be ``brief``: drawn in few steps. With
    ``any_picture`` it may ask for a picture that another job asks for. With ``leaves_first`` it
    leaves before those of other tests, while the miner has nothing else to do.
    """

    prompt: str
    seed: int | None = None
    size: tuple[int, int] | None = None
    steps: int | None = None
    guidance: float | None = None
    lora: str | None = None
    callback: CallbackTo = CallbackTo.OWN_URL
    expiry: timedelta | str | None = None
    job_id: str | None = None
    extra: tuple[tuple[str, Any], ...] = ()
    without: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    provokes: Provocations = NOTHING
    small: bool = False
    brief: bool = False
    any_picture: bool = False
    leaves_first: bool = False
    leaves: Leaves = Leaves.ALWAYS

    def tagged(self, **tags: str) -> "Job":
        return replace(self, tags=(*self.tags, *tags.items()))

    def provoking(self, *provocations: Provocation) -> "Job":
        return replace(self, provokes=self.provokes | set(provocations))


def a_job(seed: int, **changes: object) -> Job:
    """A valid job; prompt and picture follow from the seed, ``changes`` from :class:`Job`."""
    job = Job(prompt=PROMPTS[seed % len(PROMPTS)], seed=seed)
    return replace(job, **changes)  # type: ignore[arg-type]


def a_job_like(request: Mapping[str, Any]) -> Job:
    """A job that asks for the picture that this recorded request asked for."""
    return Job(
        prompt=request["prompt"],
        seed=request.get("seed"),
        size=(request["width"], request["height"]) if "width" in request else None,
        steps=request.get("num_inference_steps"),
        guidance=request.get("guidance_scale"),
        lora=request.get("lora_path"),
    )


class Shape(Protocol):
    """A load shape is arithmetic, without a clock of its own."""

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:
        """Seconds until the next job may leave; None: when the next one in flight has ended."""


@dataclass(frozen=True, slots=True)
class Burst:
    """All jobs in the same instant."""

    def __str__(self) -> str:
        return "all at once"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        return 0.0


@dataclass(frozen=True, slots=True)
class Steady:
    """``per_second`` jobs a second, evenly, whatever the miner does (an open workload)."""

    per_second: float

    def __str__(self) -> str:
        return f"{self.per_second:g} a second"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        return max(0.0, sent / self.per_second - elapsed)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """At most ``jobs`` in flight: the next leaves when one has ended (a closed workload)."""

    jobs: int = 1

    def __str__(self) -> str:
        return "one after another" if self.jobs == 1 else f"{self.jobs} at a time"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        return None if in_flight >= self.jobs else 0.0


class Moment(StrEnum):
    """When a request beside the jobs is sent."""

    BEFORE = "before"  # before the first job leaves
    DURING = "during"  # as soon as the first job was accepted
    HALFWAY = "halfway"  # before the first job of the second half leaves
    AFTER = "after"  # when all jobs have ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that is not a job: health, a bad body, an unknown id, training.

    In ``path``, in ``json`` texts and in tags, ``{job_id}`` stands for the id that the miner gave
    the first job. ``body`` is sent as it is; ``json`` is encoded. Exactly one of them, or neither.
    ``every`` (seconds, with Moment.DURING) sends it again and again while jobs are in flight.
    ``provokes`` is what it may do to the jobs beside it. ``awaited``: what the request begins is
    waited for before the last job leaves, for so many seconds at most. ``needs``: it is sent only
    to a server that meets these.
    """

    probe: str
    path: str
    method: str = "GET"
    json: object = None
    body: bytes | None = None
    content_type: str = "application/json"
    moment: Moment = Moment.BEFORE
    every: float = 0.0
    awaited: float = 0.0
    tags: tuple[tuple[str, str], ...] = ()
    provokes: Provocations = NOTHING
    needs: Needs = NO_NEEDS


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which jobs leave in which shape, and which requests go beside them.

    ``patience``: seconds that a miner may need, beyond the settings' time, until its callbacks have
    settled; for receivers that keep it waiting.

    With ``until_given_up`` no further job leaves after one was given up: what hangs once would hang
    as often as there are jobs.

    Where it ``mingles``, its jobs may leave among those of other scenarios, in any shape. Where
    ``any_jobs`` do, only their number and their shape matter: others that leave anyway are as good.
    Where ``any_receivers`` do, only what is asked for matters: jobs that are special by their
    receiver or their expiry may ask for it, and if these leave one after another, those of such
    jobs that have the miner for themselves.
    """

    jobs: tuple[Job, ...]
    shape: Shape
    requests: tuple[Request, ...] = ()
    patience: float = 0.0
    until_given_up: bool = False
    mingles: bool = False
    any_jobs: bool = False
    any_receivers: bool = False

    def beside(self, *requests: Request) -> "Scenario":
        return replace(self, requests=(*self.requests, *requests))

    @property
    def provokes(self) -> Provocations:
        """What concerns all of its jobs; a job's own provocations stand with the job."""
        return NOTHING.union(*(request.provokes for request in self.requests))


@cache
def a_source_picture() -> str:
    """A small picture to train on or to edit, as PNG in base64."""
    shades = bytes(range(256)) * 3
    picture = Image.frombytes("RGB", (256, 256), shades * 256)
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return b64encode(buffer.getvalue()).decode()


def a_training_request(path: str, moment: Moment = Moment.DURING, awaited: float = 0.0) -> Request:
    """Training on one small picture, sent while the first job is in flight, or at ``moment``; its
    end is ``awaited`` before the last job leaves."""
    body = {
        "job_id": "training-beside-{job_id}",
        "prompt": "a photo of sks dog",
        "image_b64": a_source_picture(),
    }
    return Request(
        probe="train",
        method="POST",
        path=path,
        json=body,
        moment=moment,
        provokes=frozenset({Provocation.TRAINING}),
        awaited=awaited,
        needs=frozenset({Need.TRAINING}),
    )


def burst(jobs: Sequence[Job]) -> Scenario:
    return Scenario(tuple(jobs), Burst())


def steady(jobs: Sequence[Job], per_second: float) -> Scenario:
    return Scenario(tuple(jobs), Steady(per_second))


def one_after_another(jobs: Sequence[Job]) -> Scenario:
    """Each job when the one before it has ended; the rest stay when one was given up."""
    return Scenario(tuple(jobs), AtOnce(1), until_given_up=True)


def mingling(jobs: Sequence[Job]) -> Scenario:
    """Jobs that are special by themselves: all at once, or among those of other scenarios."""
    return replace(burst(jobs), mingles=True)


def queued_up(jobs: Sequence[Job], per_second: float) -> Scenario:
    """Jobs that come faster than they are drawn, of which only the order matters."""
    return replace(steady(jobs, per_second), any_jobs=True)


def whoever_asks(jobs: Sequence[Job]) -> Scenario:
    """Jobs of which only the pictures matter."""
    return replace(burst(jobs), any_receivers=True)


def only(*requests: Request) -> Scenario:
    """Requests without any job."""
    return Scenario((), Burst(), requests)

"""Submissions that are special in one way, made from a valid job. All values.

Each carries two tags: ``meant`` says what must become of it, ``case`` what is special about it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Protocol

from asyncproof.workload.needs import Need
from asyncproof.workload.provocation import NOTHING, Provocation, Provocations
from asyncproof.workload.scenario import (
    CallbackTo,
    Job,
    Leaves,
    Moment,
    Request,
    Scenario,
    one_after_another,
)

MEANT, CASE = "meant", "case"
SIZE = "size"  # a tag: the size that a job asks for, where it is not that of the settings
# Names of requests beside the jobs.
STATUS_URL, REFUSED_JOB = "status_url", "status of a refused job"
BEGUN = "status of what was begun"
HEALTH_IDLE, HEALTH_BUSY, HEALTH_AFTER = "health (idle)", "health (busy)", "health (after)"
PAGE = "page"
UNKNOWN_ID, ID_IN_USE, TRAVERSAL = "unknown id", "id in use", "path traversal"
ID_OF_THE_FIRST = "{job_id}"
DEFAULT_SIZE = (1024, 1024)
MILLION = 1_000_000
HUGE_PROMPT = "a million characters"
NO_SUCH_LORA = "loras/there-is-no-such-lora.safetensors"


class Asking(Protocol):
    """A way to ask for something: a method and a path."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


class Meant(StrEnum):
    """What must become of a special submission."""

    REFUSED = "refused"  # breaks a rule: 4xx, and no job
    EITHER = "either"  # unusual: taken or refused 4xx, but never a breakdown
    EXTENDED = "extended"  # valid, with fields that nobody knows: taken, the fields ignored
    BARE = "bare"  # nothing but a prompt: taken, with the documented defaults
    CHOSEN_ID = "chosen id"  # valid, with an id of the client's choice
    HOSTILE_ID = "hostile id"  # an id that is a path: refused, or another id is given
    TO_FAIL = "to fail"  # asks for a LoRA that does not exist


PROVOKES: dict[Meant, Provocations] = {
    Meant.REFUSED: frozenset({Provocation.REFUSAL}),
    Meant.EITHER: frozenset({Provocation.UNUSUAL}),
    Meant.EXTENDED: frozenset({Provocation.UNUSUAL}),
    Meant.BARE: frozenset({Provocation.UNUSUAL}),
    Meant.CHOSEN_ID: NOTHING,
    Meant.HOSTILE_ID: frozenset({Provocation.UNUSUAL}),
    Meant.TO_FAIL: frozenset({Provocation.FAILURE}),
}

BAD_FIELDS: dict[str, dict[str, Any]] = {
    "empty prompt": {"prompt": ""},
    "prompt null": {"prompt": None},
    "prompt a list": {"prompt": ["a fox"]},
    "negative width": {"width": -64},
    "zero height": {"height": 0},
    "huge width": {"width": MILLION},
    "width a fraction": {"width": 512.5},
    "height a word": {"height": "tall"},
    "negative steps": {"num_inference_steps": -5},
    "a million steps": {"num_inference_steps": MILLION},
    "steps a fraction": {"num_inference_steps": 2.5},
    "negative guidance": {"guidance_scale": -100},
    "guidance a word": {"guidance_scale": "strong"},
    "seed a word": {"seed": "lucky"},
}
BAD_BODIES: dict[str, bytes] = {
    "no JSON": b'{"prompt": "a fox"',
    "empty": b"",
    "a list": b'["a fox"]',
    "a text": b'"a fox"',
    "null": b"null",
    "a form": b"prompt=a+fox&width=64",
    "no UTF-8": b'{"prompt": "\xff\xfe"}',
    "nested 100 000 deep": b"[" * 100_000,
}
ODD_PROMPTS: dict[str, str] = {
    "many scripts": "Füchse 狐狸 لومڑی лиса 🦊 café",
    "a NUL and control characters": "a fox\x00 in\x07 the\r\n snow\t",
    "half a surrogate pair": "a fox \ud83d",
    HUGE_PROMPT: "fox " * (MILLION // 4),
}
PATHS: dict[str, str] = {
    "a folder": "{}/x",
    "climbs out": "../{}",
    "climbs far out": "../../../../../../tmp/{}",
    "absolute": "/tmp/{}",
}
"""Ids with a slash, the most harmless first: a miner that puts another id in its place does so for
the slash, or for every character that it does not know, and so with all of them."""
HOSTILE_IDS: dict[str, str] = {
    **PATHS,
    "a NUL": "{}\x00.png",
    "longer than a file name": "{}" + 300 * "x",
    "dots only": "..",
}
ENGINES_DIE_OF = frozenset({"a NUL", "longer than a file name"})
"""Cases after which an engine may be dead, whatever became of them."""
TRAVERSALS = ("..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%5c..%5cetc%5cpasswd")


def special(job: Job, meant: Meant, case: str, **changes: Any) -> Job:
    of_its_own = "prompt" in changes or "without" in changes
    changed = replace(job, **changes, any_picture=job.any_picture and not of_its_own)
    return changed.tagged(**{MEANT: meant, CASE: case}).provoking(*PROVOKES[meant])


def bad_jobs(draw: Callable[[], Job]) -> list[Job]:
    """One job for each bad field, and one without a prompt, each with an id of its own."""

    def bad(case: str, **changes: Any) -> Job:
        job = draw()
        return special(job, Meant.REFUSED, case, job_id=f"refused-{job.seed}", **changes)

    fields = [bad(case, extra=tuple(wrong.items())) for case, wrong in BAD_FIELDS.items()]
    return [*fields, bad("no prompt", without=("prompt",))]


def bad_bodies(submit: Asking) -> list[Request]:
    """Bodies that cannot be a job at all, to where jobs are submitted."""
    return [
        Request(
            probe="bad body",
            method=submit.method,
            path=submit.path,
            body=body,
            moment=Moment.AFTER,
            tags=((MEANT, Meant.REFUSED), (CASE, case)),
            needs=frozenset({Need.REFUSALS}),
        )
        for case, body in BAD_BODIES.items()
    ]


def odd_jobs(job: Job) -> list[Job]:
    """Prompts that a careless miner breaks down on."""
    return [special(job, Meant.EITHER, case, prompt=prompt) for case, prompt in ODD_PROMPTS.items()]


def extended(job: Job) -> Job:
    unknown = (("x_unknown", "ignore me"), ("x_object", {"deep": [1, None]}), ("x_flag", True))
    return special(job, Meant.EXTENDED, "unknown fields", extra=unknown)


def bare(job: Job) -> Job:
    """A job of which nothing is sent but the prompt."""
    left_out = ("width", "height", "num_inference_steps", "seed", "expiry")
    return special(
        job,
        Meant.BARE,
        "only a prompt",
        size=DEFAULT_SIZE,
        callback=CallbackTo.NOWHERE,
        without=left_out,
    )


def with_chosen_id(job: Job, job_id: str) -> Job:
    return special(job, Meant.CHOSEN_ID, job_id, job_id=job_id)


def with_hostile_ids(draw: Callable[[], Job]) -> list[Job]:
    """One job for each hostile id; of :data:`PATHS`, as many as the miner does not rename."""

    def hostile(case: str, pattern: str) -> Job:
        job = draw()
        one_of_many = case in list(PATHS)[1:]
        return special(
            job,
            Meant.HOSTILE_ID,
            case,
            job_id=pattern.format(job.seed),
            leaves=Leaves.UNLESS_RENAMED if one_of_many else Leaves.ALWAYS,
        )

    return [hostile(case, pattern) for case, pattern in HOSTILE_IDS.items()]


def other_sizes(
    draw: Callable[[], Job], usual: tuple[int, int], known: tuple[int, int] | None = None
) -> list[Job]:
    """One job of another size, and one of a size that is not square, upright where the usual size
    is broad. Sides are whole multiples of 64, and none is larger than the usual ones.

    Jobs of a size that is ``known`` to be taken leave all the time: none is needed to try it.
    """
    width, height = usual
    other = (_smaller(width, 2), _smaller(height, 2))
    odd = (_smaller(width, 4 / 3), height) if width >= height else (width, _smaller(height, 4 / 3))
    sizes = dict.fromkeys(size for size in (other, odd) if size not in (usual, known))
    return [_of_size(draw(), size) for size in sizes]


def _of_size(job: Job, size: tuple[int, int]) -> Job:
    tagged = replace(job, size=size).tagged(**{SIZE: f"{size[0]}x{size[1]}"})
    return tagged.provoking(Provocation.UNUSUAL, Provocation.FAILURE)


def _smaller(side: int, times: float) -> int:
    return max(64, int(side / times) // 64 * 64)


def each_looked_after(jobs: Sequence[Job], plain: Callable[[], Job]) -> Scenario:
    """Each of these jobs alone, so that none is blamed for another.

    A plain one follows where a job was taken and has not completed, and shows whether the miner
    still works. One that completed has shown that itself, but for what engines are known to die of:
    after the last such job, another one has to complete, the next or else a plain one.
    """
    deadly = [n for n, job in enumerate(jobs) if _may_kill(job)]
    looks = [Leaves.IF_IN_DOUBT] * len(jobs)
    if deadly and deadly[-1] == len(jobs) - 1:
        looks[-1] = Leaves.ALWAYS
    elif deadly:
        looks[deadly[-1] + 1] = Leaves.UNLESS_COMPLETED
    pairs = ((job, replace(plain(), leaves=look)) for job, look in zip(jobs, looks, strict=True))
    return one_after_another([one for pair in pairs for one in pair])


def _may_kill(job: Job) -> bool:
    tags = dict(job.tags)
    return SIZE in tags or tags.get(CASE) in ENGINES_DIE_OF


def harmless_between(killing: Iterable[Job], harmless: Iterable[Job]) -> list[Job]:
    """Jobs of which engines die, each followed by one that every sound miner takes."""
    return [job for pair in zip(killing, harmless, strict=True) for job in pair]


def to_fail(job: Job) -> Job:
    return special(job, Meant.TO_FAIL, "unknown LoRA", lora=f"no-such-lora-{job.seed}.safetensors")


def with_unknown_lora(job: Job) -> Job:
    """No miner has this LoRA: the job is refused at once, or fails."""
    return replace(job, lora=NO_SUCH_LORA).provoking(Provocation.FAILURE)


def with_an_id_twice(jobs: Iterable[Job], job_id: str) -> list[Job]:
    """Jobs that all ask for one id, one after another."""
    return [with_chosen_id(job, job_id).provoking(Provocation.SHARED_ID) for job in jobs]


def same_id_again(path: str, body: dict[str, Any]) -> Request:
    """A second job with the id of the first, as soon as that was accepted. ``body`` is that of a
    job whose id is :data:`ID_OF_THE_FIRST`."""
    return Request(
        probe=ID_IN_USE,
        method="POST",
        path=path,
        json=body,
        moment=Moment.DURING,
        tags=((CASE, ID_OF_THE_FIRST),),
        provokes=frozenset({Provocation.SHARED_ID}),
        needs=frozenset({Need.CHOSEN_IDS}),
    )


def unknown_ids(questions: Mapping[str, Asking]) -> list[Request]:
    """Questions for a job that never was, by what they ask for."""
    return [
        Request(
            probe=UNKNOWN_ID,
            method=asked.method,
            path=asked.path,
            tags=((CASE, what),),
            needs=frozenset({Need.UNKNOWN_IDS}),
        )
        for what, asked in questions.items()
    ]


def traversals(folders: Iterable[str]) -> list[Request]:
    """Paths that climb out of each of these folders of urls, which end in a slash."""
    needs = frozenset({Need.CLOSED_PATHS})
    return [
        Request(probe=TRAVERSAL, path=folder + path, needs=needs)
        for folder in folders
        for path in TRAVERSALS
    ]


def health_beside_work(path: str, every: float) -> list[Request]:
    """Health before the first job, and again and again while jobs are in flight."""
    needs = frozenset({Need.HEALTH})
    return [
        Request(probe=HEALTH_IDLE, path=path, needs=needs),
        Request(probe=HEALTH_BUSY, path=path, moment=Moment.DURING, every=every, needs=needs),
    ]


def health_after(path: str) -> Request:
    needs = frozenset({Need.HEALTH})
    return Request(probe=HEALTH_AFTER, path=path, moment=Moment.AFTER, needs=needs)


def open_pages(paths: Iterable[str]) -> list[Request]:
    """Pages that anyone may ask for, while jobs are in flight and when they have ended."""
    return [
        Request(probe=PAGE, path=path, moment=moment, needs=frozenset({Need.PAGES}))
        for path in paths
        for moment in (Moment.DURING, Moment.AFTER)
    ]

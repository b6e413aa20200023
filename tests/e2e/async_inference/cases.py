"""Submissions that are special in one way, made from a valid job. All values.

Each carries two tags: ``meant`` says what must become of it, ``case`` what is special about it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from tests.e2e.async_inference.protocol import Paths
from tests.e2e.async_inference.scenario import (
    CallbackTo,
    Job,
    Moment,
    Request,
    a_source_picture,
)

MEANT, CASE = "meant", "case"
# Names of requests beside the jobs.
STATUS_URL, REFUSED_JOB = "status_url", "status of a refused job"
HEALTH_IDLE, HEALTH_BUSY, HEALTH_AFTER = "health (idle)", "health (busy)", "health (after)"
UNKNOWN_ID, ID_IN_USE, TRAVERSAL = "unknown id", "id in use", "path traversal"
DEFAULT_SIZE = (1024, 1024)
EDIT = Paths("edit").submit
MILLION = 1_000_000
HUGE_PROMPT = "a million characters"


class Meant(StrEnum):
    """What must become of a special submission."""

    REFUSED = "refused"  # breaks a rule: 4xx, and no job
    EITHER = "either"  # unusual: taken or refused 4xx, but never a breakdown
    EXTENDED = "extended"  # valid, with fields that nobody knows: taken, the fields ignored
    BARE = "bare"  # nothing but a prompt: taken, with the documented defaults
    CHOSEN_ID = "chosen id"  # valid, with an id of the client's choice
    HOSTILE_ID = "hostile id"  # an id that is a path: refused, or another id is given
    TO_FAIL = "to fail"  # asks for a LoRA that does not exist


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
HOSTILE_IDS: dict[str, str] = {
    "climbs out": "../{}",
    "climbs far out": "../../../../../../tmp/{}",
    "absolute": "/tmp/{}",
    "a folder": "{}/x",
    "dots only": "..",
    "a NUL": "{}\x00.png",
    "longer than a file name": "{}" + 300 * "x",
}
TRAVERSALS = ("..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%5c..%5cetc%5cpasswd")


def special(job: Job, meant: Meant, case: str, **changes: Any) -> Job:
    return replace(job, **changes).tagged(**{MEANT: meant, CASE: case})


def bad_jobs(draw: Callable[[], Job]) -> list[Job]:
    """One job for each bad field, and one without a prompt, each with an id of its own."""

    def bad(case: str, **changes: Any) -> Job:
        job = draw()
        return special(job, Meant.REFUSED, case, job_id=f"refused-{job.seed}", **changes)

    fields = [bad(case, extra=tuple(wrong.items())) for case, wrong in BAD_FIELDS.items()]
    return [*fields, bad("no prompt", without=("prompt",))]


def bad_bodies(path: str) -> list[Request]:
    """Bodies that cannot be a job at all, to this path."""
    return [
        Request(
            probe="bad body",
            method="POST",
            path=path,
            body=body,
            moment=Moment.AFTER,
            tags=((MEANT, Meant.REFUSED), (CASE, case)),
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
    def hostile(case: str, pattern: str) -> Job:
        job = draw()
        return special(job, Meant.HOSTILE_ID, case, job_id=pattern.format(job.seed))

    return [hostile(case, pattern) for case, pattern in HOSTILE_IDS.items()]


def to_fail(job: Job) -> Job:
    return special(job, Meant.TO_FAIL, "unknown LoRA", lora=f"no-such-lora-{job.seed}.safetensors")


def same_id_again(path: str, prompt: str) -> Request:
    """A second job with the id of the first, as soon as that was accepted."""
    body = {"prompt": prompt, "seed": 1, "job_id": "{job_id}"}
    if path == EDIT:
        body |= {"image_b64": a_source_picture()}
    return Request(
        probe=ID_IN_USE,
        method="POST",
        path=path,
        json=body,
        moment=Moment.DURING,
        tags=((CASE, "{job_id}"),),
    )


def unknown_ids(status: str, result: str) -> list[Request]:
    """Questions for a job that never was, at these two paths."""
    return [
        Request(probe=UNKNOWN_ID, path=path, tags=((CASE, what),))
        for what, path in (("status", status), ("result", result))
    ]


def traversals(folders: Iterable[str]) -> list[Request]:
    """Paths that climb out of each of these folders of urls, which end in a slash."""
    return [
        Request(probe=TRAVERSAL, path=folder + path) for folder in folders for path in TRAVERSALS
    ]


def health_beside_work(every: float) -> list[Request]:
    """Health before the first job, and again and again while jobs are in flight."""
    return [
        Request(probe=HEALTH_IDLE, path="/health"),
        Request(probe=HEALTH_BUSY, path="/health", moment=Moment.DURING, every=every),
    ]


def health_after() -> Request:
    return Request(probe=HEALTH_AFTER, path="/health", moment=Moment.AFTER)


def open_pages() -> list[Request]:
    """Pages that anyone may ask for, while jobs are in flight and when they have ended."""
    return [
        Request(probe="page", path=path, moment=moment)
        for path in ("/health", "/jobs", "/")
        for moment in (Moment.DURING, Moment.AFTER)
    ]

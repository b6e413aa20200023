"""A first draft of a profile, guessed from the OpenAPI document of a server. Pure.

Names of paths and fields are compared with those that servers usually have. What is guessed and not
told by the document is marked, for a person to look at.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asyncproof.vocabulary import SECRET_HEADER
from asyncproof.wire.openapi import DraftError, Operation, operations

__all__ = ["DraftError", "draft"]

GUESSED = "  # guessed"
# By what a job asks for: the names that servers have for it.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "text", "text_prompt", "positive_prompt"),
    "seed": ("seed", "random_seed"),
    "width": ("width", "image_width"),
    "height": ("height", "image_height"),
    "num_inference_steps": ("num_inference_steps", "steps", "num_steps", "inference_steps"),
    "guidance_scale": ("guidance_scale", "guidance", "cfg_scale", "cfg"),
    "lora_path": ("lora_path", "lora"),
    "callback_url": ("callback_url", "webhook", "webhook_url", "callback", "callbackurl"),
    "callback_secret": ("callback_secret", "webhook_secret"),
    "expiry": ("expiry", "expires_at"),
}
BY_NAME = {name: asked for asked, names in FIELDS.items() for name in names}
IDS = ("job_id", "task_id", "prediction_id", "request_id", "prompt_id", "id", "uuid")
STATES = ("status", "state", "phase")
WORDS: Mapping[str, tuple[str, ...]] = {
    "queued": ("queued", "pending", "starting", "waiting", "in_queue", "created", "submitted"),
    "processing": ("processing", "running", "in_progress", "started", "working"),
    "completed": ("completed", "succeeded", "success", "done", "finished", "complete"),
    "failed": ("failed", "error", "failure", "canceled", "cancelled", "aborted", "faulted"),
    "timeout": ("timeout", "timed_out", "expired"),
}
SUBMITS = {"submit", "run", "predict", "predictions", "generate", "inference", "jobs", "async"}
SUBMITS |= {"queue", "prompt", "tasks", "images", "txt2img", "edit"}
RESULTS = {"result", "results", "get", "output", "outputs", "image", "download", "view"}
CANCELS = {"cancel", "abort", "delete", "interrupt"}
OTHERS = {"stream", "retry", "train", "shutdown", "runsync", "sync", "upload", "login"}
HEALTH = ("health", "healthz", "readyz", "livez", "ready", "ping")
FREE = ("prompt", "seed", "width", "height", "num_inference_steps")


def draft(document: bytes, source: str = "") -> str:
    """A profile in TOML.

    Raises:
        DraftError: it is no OpenAPI document, or no operation of it takes a prompt.
    """
    known = operations(document)
    submit = _best(known, _submits)
    if submit is None:
        takers = ", ".join(o.path for o in known if o.body) or "none"
        raise DraftError(f"no operation takes a prompt; with a body there are: {takers}")
    job = [one for one in known if one.job and one is not submit]
    status = _best(job, lambda one: _asks(one, submit, {"status", "state"}, RESULTS | CANCELS))
    result = _best([o for o in job if o is not status], lambda one: _gives(one, submit))
    cancel = _best(job, lambda one: _asks(one, submit, CANCELS, RESULTS) if _cancels(one) else 0)
    lines = [
        f"# Drafted from {source or 'an OpenAPI document'}. Not tried: go through it, then",
        "# asyncproof profile check THIS_FILE --url URL",
        *_health(known),
        "",
        *_submission(submit),
        *(_status(status) if status else _no_status(submit)),
        *(["", "[result]", *_place(result)] if result else _no_result(status)),
        *(["", "[cancel]", *_place(cancel)] if cancel else []),
        *_callback(submit),
    ]
    return "\n".join(lines) + "\n"


def _best(known: Iterable[Operation], score: Any) -> Operation | None:
    ranked = [(score(one), -n, one) for n, one in enumerate(known)]
    best = max(ranked, key=lambda row: row[:2], default=None)
    return best[2] if best is not None and best[0] > 0 else None


def _submits(one: Operation) -> int:
    if one.method not in ("POST", "PUT") or one.words & (CANCELS | OTHERS | {"status"}):
        return 0
    asked = set(_asked(one.body))
    if "prompt" not in asked:
        return 0
    return 1 + len(asked) + 2 * len(one.words & SUBMITS) - 3 * bool(one.job)


def _asks(one: Operation, submit: Operation, wanted: set[str], others: set[str]) -> int:
    if one.words & others or one.words & OTHERS:
        return 0
    tells = any(name in (one.answer.get("properties") or {}) for name in STATES)
    return 4 * bool(one.words & wanted) + 2 * tells + bool(one.words & submit.words)


def _cancels(one: Operation) -> bool:
    return one.method == "DELETE" or bool(one.words & CANCELS)


def _gives(one: Operation, submit: Operation) -> int:
    if one.method != "GET" or one.words & (CANCELS | OTHERS | {"status"}):
        return 0
    picture = one.kind.startswith("image/")
    return 4 * picture + 3 * bool(one.words & RESULTS) + bool(one.words & submit.words) - 1


def _asked(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a body with this schema can ask for."""
    for name, told in (schema.get("properties") or {}).items():
        if name.lower() in BY_NAME and told.get("type") != "object":
            yield BY_NAME[name.lower()]
        elif _is_free(told):
            yield from FREE
        else:
            yield from _asked(told)


def _is_free(told: Mapping[str, Any]) -> bool:
    """Whether it is an object of which the document does not say what is in it."""
    return told.get("type") == "object" and not told.get("properties")


def _health(known: list[Operation]) -> Iterator[str]:
    pages = [one for one in known if one.method == "GET" and not one.job]
    found = next((page for word in HEALTH for page in pages if word in page.words), None)
    if found is not None:
        yield f"health = {_text(found.path)}"


def _submission(submit: Operation) -> Iterator[str]:
    answer = submit.answer.get("properties") or {}
    yield "[submit]"
    yield from _place(submit, by_job=False)
    yield from _named("id", answer, IDS, "id")
    yield from _named("state", answer, STATES, "status")
    yield from _body("submit.body", submit.body)


def _body(table: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """The template, each object as a table of its own after what is plain."""
    yield ""
    yield f"[{table}]"
    required, inner = set(schema.get("required") or ()), list[tuple[str, Mapping[str, Any]]]()
    for name, told in (schema.get("properties") or {}).items():
        asked = BY_NAME.get(name.lower())
        if asked and told.get("type") != "object":
            yield f'{_key(name)} = "{{{asked}}}"'
        elif told.get("type") == "object" and (set(_asked({"properties": {name: told}}))):
            inner.append((name, told))
        elif name in required:
            value = told.get("default", told.get("example", ""))
            yield f"{_key(name)} = {_text(value)}  # required by the server: change it"
    for name, told in inner:
        if _is_free(told):
            yield ""
            yield "# The document does not say what is in it: change the names."
            yield f"[{table}.{_key(name)}]"
            yield from (f'{asked} = "{{{asked}}}"{GUESSED}' for asked in FREE)
        else:
            yield from _body(f"{table}.{_key(name)}", told)


def _status(status: Operation) -> Iterator[str]:
    answer = status.answer.get("properties") or {}
    state = next((name for name in STATES if name in answer), STATES[0])
    yield ""
    yield "[status]"
    yield from _place(status)
    yield from _named("id", answer, IDS, "id")
    yield from _named("state", answer, STATES, state)
    for name in ("error", "started_at", "completed_at"):
        if name in answer:
            yield f"{name} = {_text(name)}"
    yield ""
    yield "[status.words]"
    words = (answer.get(state) or {}).get("enum") or []
    told = [word for word in words if isinstance(word, str)]
    yield from _words(told)
    if "progress" in answer:
        yield ""
        yield "[status.progress]"
        yield 'at = "progress"'
        unit = "fraction" if (answer["progress"].get("maximum") == 1) else "percent"
        yield f'unit = "{unit}"{GUESSED}'


def _words(told: list[str]) -> Iterator[str]:
    meant = {word: state for state, words in WORDS.items() for word in words}
    known = {word: meant[word.lower()] for word in told if word.lower() in meant}
    if "completed" in known.values():
        for word in told:
            state = known.get(word)
            yield f'{_key(word)} = "{state}"' if state else f'{_key(word)} = "failed"{GUESSED}'
        return
    yield from (f'{words[0]} = "{state}"{GUESSED}' for state, words in WORDS.items())


def _no_status(submit: Operation) -> Iterator[str]:
    """Where nothing can be asked, callbacks alone tell of the end."""
    if "callback_url" not in set(_asked(submit.body)):
        raise DraftError(
            f"{submit.method} {submit.path} takes jobs, but nothing asks for one by its id, and no "
            "field takes the url of a callback"
        )
    yield ""
    yield "# No operation asks for a job by its id: its callback alone tells of its end."


def _no_result(status: Operation | None) -> Iterator[str]:
    if status is None:
        return
    yield ""
    yield "# No operation gives the picture of a job: it is in the status, as a url or in base64."
    yield "[result]"
    yield f'place = "output"{GUESSED}'
    yield f'encoding = "base64"{GUESSED}'


def _callback(submit: Operation) -> Iterator[str]:
    if "callback_url" not in set(_asked(submit.body)):
        return
    answer = submit.answer.get("properties") or {}
    yield ""
    yield "# What a callback looks like is in no OpenAPI document: all of this is guessed."
    yield "[callback]"
    yield 'body = "json"'
    yield from _named("id", answer, IDS, "id")
    yield from _named("state", answer, STATES, "status")
    yield 'error = "error"'
    yield 'picture = "output"'
    yield 'encoding = "url"'
    secret = "callback_secret" in set(_asked(submit.body))
    yield f'proof = "{"header" if secret else "nothing"}"'
    if secret:
        yield f'header = "{SECRET_HEADER}"{GUESSED}'
    yield ""
    yield "[callback.words]"
    yield from _words([])


def _place(one: Operation, *, by_job: bool = True) -> Iterator[str]:
    if one.method != ("GET" if by_job else "POST"):
        yield f"method = {_text(one.method)}"
    path = one.about_a_job if by_job else one.path
    yield f"path = {_text(path)}"


def _named(what: str, answer: Mapping[str, Any], names: Iterable[str], usual: str) -> Iterator[str]:
    found = next((name for name in names if name in answer), None)
    yield f"{what} = {_text(found or usual)}{'' if found else GUESSED}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: Any) -> str:
    """A value of TOML; what has no equal there becomes text."""
    if isinstance(value, bool | int | float | str):
        return json.dumps(value)
    return json.dumps(json.dumps(value))

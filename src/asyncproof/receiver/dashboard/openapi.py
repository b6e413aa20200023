"""The OpenAPI description of the callback server; the schema of an entry comes from its class.

Pure. A test throws made-up requests at a server and compares each answer with this.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from asyncproof import __version__
from asyncproof.receiver.signatures import HubSignature, StandardWebhooks
from asyncproof.receiver.storage.entries import CallbackEntry
from asyncproof.vocabulary import CALLBACK_FIELDS, SECRET_HEADER, TERMINAL

Json = dict[str, Any]

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_ENTRIES = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/CallbackEntry"}}}
_PICTURE = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("image/png", "image/jpeg", "image/webp", "image/gif", "application/octet-stream")
}
_WELL = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
_HIDDEN = {
    "type": "object",
    "properties": {"hidden": {"type": "integer"}},
    "required": ["hidden"],
}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_JOB_ID = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
_LOOKS: list[dict[str, list[str]]] = [{"bearer": []}, {"query": []}, {"cookie": []}]


def _answers(good: Json, *errors: int) -> Json:
    """The responses of an operation: the good one, and errors, which are plain text."""
    told = {status: {"description": _ERRORS[status], "content": _TEXT} for status in errors}
    return {"200": good, **{str(status): answer for status, answer in told.items()}}


def _content(description: str, **schemas: Json) -> Json:
    """A response; media types are given with ``_`` for ``/``."""
    content = {kind.replace("_", "/", 1): {"schema": schema} for kind, schema in schemas.items()}
    return {"description": description, "content": content}


_ERRORS = {
    400: "Not readable: the request, the form, or a parameter.",
    401: "The secret, the signature or the view token is missing or wrong.",
    403: "The Host or Origin is not this machine's.",
    404: "Nothing is here.",
    405: "Callbacks are sent with POST.",
    408: "The body arrived too slowly.",
    413: "The body, its parts or its text are too much.",
    415: "Not a multipart form, or a compressed one.",
    417: "Expect is not 100-continue.",
    422: "With --strict: readable, but against the protocol.",
    429: "Too many requests without the right secret or token came from this address.",
    507: "It could not be stored.",
}


def _read(summary: str, good: Json, *parameters: Json, errors: Sequence[int] = ()) -> Json:
    """An operation for whoever may look."""
    answers = _answers(good, *errors, 401, 403, 429)
    operation: Json = {"summary": summary, "responses": answers, "security": _LOOKS}
    if parameters:
        operation["parameters"] = list(parameters)
    return operation


def _query(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_SINCE = _query("since", _NUMBER, "Only entries after this number.")
_STATUS = _query("status", {"type": "array", "items": {"type": "string"}}, "Only these statuses.")
_JOB = _query("job_id", {"type": "string"}, "Only deliveries of this job.")
_LAST = _query("last", _NUMBER, "Begin with that many of the last entries.")


def _deliver(*parameters: Json) -> Json:
    fields: Json = {name: {"type": "string"} for name in sorted(CALLBACK_FIELDS)}
    fields["status"] = {"type": "string", "enum": sorted(TERMINAL)}
    fields["image"] = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": fields, "required": ["job_id", "status"]}
    operation: Json = {
        "summary": "Deliver the end of a job",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": _answers(
            {"description": "It is on disk, whole.", "content": _TEXT},
            *(400, 401, 404, 408, 413, 415, 417, 422, 429, 507),
        ),
        "security": [{"secret": []}, {"webhook": []}, {"hub": []}],
    }
    if parameters:
        operation["parameters"] = list(parameters)
    return operation


def _paths() -> Json:
    entries = {"description": "Entries, oldest first.", "content": {"application/json": _ENTRIES}}
    picture = {"description": "The image as it came.", "content": _PICTURE}
    job, file, token = (_path(name, _JOB_ID) for name in ("job_id", "file", "token"))
    get = {
        "/callbacks": _read("What was recorded", entries, _SINCE, _STATUS, _JOB, errors=[400]),
        "/callbacks/{job_id}": _read("All deliveries of a job", entries, job),
        "/callbacks/{job_id}/image": _read(
            "The image of the newest delivery that had one", picture, job, errors=[404]
        ),
        "/images/{file}": _read("An image, by its name in an entry", picture, file, errors=[404]),
        "/events": _read(
            "Entries as they come",
            _content("Server-sent events.", **{"text_event-stream": {"type": "string"}}),
            *(_SINCE, _LAST),
            errors=[400],
        ),
        "/health": {
            "summary": "Whether it runs",
            "responses": _answers(_content("It does.", application_json=_WELL), 429),
        },
        "/metrics": _read("For Prometheus", _content("Metrics.", text_plain={"type": "string"})),
        "/openapi.json": _read(
            "This description", _content("OpenAPI.", application_json={"type": "object"})
        ),
    }
    paths = {path: {"get": operation} for path, operation in get.items()}
    hidden = _content("How many were listed.", application_json=_HIDDEN)
    paths["/callbacks"]["delete"] = _read("Empty the list until the next start", hidden)
    paths["/callback"] = {"post": _deliver()}
    paths["/callback/{token}"] = {"post": _deliver(token)}
    return paths


@cache
def document() -> bytes:
    """The description, as JSON."""
    _, schemas = msgspec.json.schema_components(
        [CallbackEntry], ref_template="#/components/schemas/{name}"
    )
    signed = (("webhook", StandardWebhooks(()).header), ("hub", HubSignature(()).header))
    keys = {name: {"type": "apiKey", "in": "header", "name": header} for name, header in signed}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "asyncproof callback server", "version": __version__},
            "paths": _paths(),
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "secret": {"type": "apiKey", "in": "header", "name": SECRET_HEADER},
                    **keys,
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "query": {"type": "apiKey", "in": "query", "name": "token"},
                    "cookie": {"type": "apiKey", "in": "cookie", "name": "asyncproof_view_8092"},
                },
            },
        }
    )

"""The schemas of heartbeats, and a parser that reports every wrong field."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    StrictInt,
    StrictStr,
    ValidationError,
)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("expected an RFC 3339 time as text")  # noqa: TRY004 (pydantic wants it)
    return value


State = Annotated[Literal["starting", "ready", "busy", "stopped"], BeforeValidator(_lower)]
Health = Annotated[Literal["healthy", "degraded"], BeforeValidator(_lower)]
Time = Annotated[AwareDatetime, BeforeValidator(_text)]


class _Document(BaseModel):
    """``POST /heartbeat/workers``."""

    worker_id: StrictStr
    timestamp: Time
    state: State


class _Health(BaseModel):
    """``POST /v1/heartbeat``."""

    worker_id: StrictStr
    timestamp: Time
    health_status: Health


class _Worker(BaseModel):
    id: StrictStr
    model_id: StrictStr
    device: StrictStr
    port: StrictInt
    status: State
    implementation: StrictStr
    version: StrictStr


class _Detailed(BaseModel):
    """``POST /v1/worker-heartbeat``."""

    worker: _Worker
    timestamp: Time


@dataclass(frozen=True, slots=True)
class Schema:
    """The path and shape of a heartbeat, and where its id, time and state are."""

    name: str
    path: str
    model: type[BaseModel]
    worker_id: tuple[str, ...]
    state: tuple[str, ...]
    tells_work: bool  # whether its states distinguish busy from ready


SCHEMAS = {
    schema.name: schema
    for schema in (
        Schema("document", "/heartbeat/workers", _Document, ("worker_id",), ("state",), True),
        Schema("health", "/v1/heartbeat", _Health, ("worker_id",), ("health_status",), False),
        Schema(
            "detailed",
            "/v1/worker-heartbeat",
            _Detailed,
            ("worker", "id"),
            ("worker", "status"),
            True,
        ),
    )
}
NONE = "none"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The content of a body. A part is None if it is missing or malformed; see ``problems``."""

    worker_id: str | None = None
    timestamp: float | None = None
    state: str | None = None
    problems: tuple[str, ...] = ()


def parse(schema: Schema, path: str, body: bytes) -> Heartbeat:
    """Read a heartbeat; never raises."""
    wrong_path = () if path == schema.path else (f"path: expected {schema.path}, got {path}",)
    try:
        content = json.loads(body)
    except ValueError:
        return Heartbeat(problems=(*wrong_path, "body: expected JSON"))
    problems = (*wrong_path, *_problems(schema, content))
    worker_id, state = _at(content, schema.worker_id), _at(content, schema.state)
    return Heartbeat(
        worker_id if isinstance(worker_id, str) else None,
        _seconds(_at(content, ("timestamp",))),
        state.lower() if isinstance(state, str) else None,
        problems,
    )


def _problems(schema: Schema, content: Any) -> list[str]:
    try:
        schema.model.model_validate(content)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}, "
            f"got {json.dumps(problem['input'], default=str)[:80]}"
            for problem in error.errors(include_url=False)
        ]
    return []


def _at(content: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _seconds(text: Any) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return time.timestamp() if time.tzinfo else None

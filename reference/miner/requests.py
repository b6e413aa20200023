"""Requests of clients, checked field by field.

A body that breaks a rule becomes a :class:`Refused` with the place of each wrong field; unknown
fields are ignored.
"""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from reference.miner.jobs import PictureRequest
from reference.miner.rules import SAFE_NAME, Refused, moment

LONGEST_PROMPT = 32_768  # a task fits into a pipe's buffer, so sending it never blocks

M = TypeVar("M", bound=BaseModel)


def _safe_name(value: str) -> str:
    if not SAFE_NAME.match(value):
        raise ValueError("must be 1 to 128 letters, digits, dots, dashes or underscores")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL with a host")
    if parts.port is not None and not parts.port:
        raise ValueError("must name a port that can be connected to")
    if any(ord(char) <= 32 or ord(char) == 127 for char in value):
        raise ValueError("must not contain blanks or control characters")
    return value


def _header_value(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must not contain control characters, because it is sent as a header")
    return value


def _bytes_of(value: str) -> str:
    try:
        empty = not b64decode(value.partition("base64,")[2] or value, validate=True)
    except Base64Error as error:
        raise ValueError("must be base64") from error
    if empty:
        raise ValueError("must not be empty")
    return value


Name = Annotated[str, AfterValidator(_safe_name)]
Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(_not_blank)]
Side = Annotated[int, Field(ge=64, le=2048)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**64)]
WebUrl = Annotated[str, Field(max_length=8192), AfterValidator(_web_url)]
Secret = Annotated[str, Field(max_length=4096), AfterValidator(_header_value)]
Moment = Annotated[datetime, BeforeValidator(moment)]
Base64 = Annotated[str, AfterValidator(_bytes_of)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class _Callback(_Body):
    job_id: Name | None = None
    callback_url: WebUrl | None = None
    callback_secret: Secret | None = None
    expiry: Moment | None = None


class InferenceBody(_Callback):
    """``POST /inference``."""

    prompt: Prompt
    width: Side = 1024
    height: Side = 1024
    num_inference_steps: Annotated[int, Field(ge=1, le=100)] = 28
    guidance_scale: Annotated[float, Field(ge=1, le=20)] = 7.0
    seed: Seed | None = None
    lora_path: Annotated[str, Field(min_length=1, max_length=1024)] | None = None


class EditBody(InferenceBody):
    """``POST /edit``: a seed and one picture to start from."""

    seed: Seed
    image_url: WebUrl | None = None
    image_b64: Base64 | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "EditBody":
        if (self.image_url is None) == (self.image_b64 is None):
            raise ValueError("exactly one of image_url and image_b64 is needed")
        return self


class TrainBody(_Body):
    """``POST /train``."""

    job_id: Name | None = None
    prompt: Prompt
    image_b64: Base64


def parse_json(raw: bytes) -> dict[str, Any]:
    """The object in a body. Raises Refused: 400 if it is not JSON, 422 if the JSON is not an
    object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused(400, [_problem([], f"the body is not JSON: {error}")]) from error
    if not isinstance(body, dict):
        raise Refused(422, [_problem([], "the body must be a JSON object")])
    return body


def parse_inference(body: dict[str, Any]) -> tuple[str | None, PictureRequest]:
    """The chosen job id, if any, and the request. Raises Refused."""
    parsed = _validated(InferenceBody, body)
    return parsed.job_id, _request(parsed)


def parse_edit(body: dict[str, Any]) -> tuple[str | None, PictureRequest]:
    """As :func:`parse_inference`, with the picture to start from."""
    parsed = _validated(EditBody, body)
    encoded = parsed.image_b64
    source = b64decode(encoded.partition("base64,")[2] or encoded) if encoded else None
    return parsed.job_id, _request(parsed, source_url=parsed.image_url, source=source)


def parse_train(body: dict[str, Any]) -> TrainBody:
    """A training request. Raises Refused."""
    return _validated(TrainBody, body)


def _validated(model: type[M], body: dict[str, Any]) -> M:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refused(422, [_problem(e["loc"], e["msg"]) for e in error.errors()]) from error


def _problem(place: Any, message: str) -> dict[str, Any]:
    return {"loc": ["body", *place], "msg": message}


def _request(
    body: InferenceBody, *, source_url: str | None = None, source: bytes | None = None
) -> PictureRequest:
    return PictureRequest(
        prompt=body.prompt,
        width=body.width,
        height=body.height,
        steps=body.num_inference_steps,
        guidance=body.guidance_scale,
        seed=body.seed,
        lora_path=body.lora_path,
        source_url=source_url,
        source=source,
        callback_url=body.callback_url,
        callback_secret=body.callback_secret,
        expiry=body.expiry,
    )

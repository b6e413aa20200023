"""A profile describes an asynchronous server: how jobs are submitted, asked for and delivered.

A TOML file; docs/profiles.md has every field. The dialect of docs/protocol.md is itself a shipped
profile, in ``profiles/`` beside this module, as are those of other servers.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from asyncproof.harness.named_profiles import NoSuchProfileError, named_profile, names_in
from asyncproof.harness.verdict import Level
from asyncproof.vocabulary import SECRET_HEADER
from asyncproof.wire.template import placed, placeholders, unknown
from asyncproof.wire.toml_lines import line_of, line_with
from asyncproof.workload.needs import Need

FOLDER = Path(__file__).with_name("profiles")
JOB = "{id}"
VALUE = "{value}"
NOT_DERIVED = frozenset({Need.REFUSALS, Need.UNUSUAL, Need.UNKNOWN_IDS, Need.CLOSED_PATHS})
"""What no table of a profile shows: a server has these where its profile lists them."""


class ServerProfileError(ValueError):
    """An unusable profile; the message names the file, the line, the field and the cure."""


class _WithinError(ValueError):
    """A problem of one thing within a field: ``keys`` lead from the field to it, ``text`` stands in
    its line."""

    def __init__(self, message: str, keys: tuple[str, ...], text: str = "") -> None:
        super().__init__(message)
        self.keys, self.text = keys, text


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Places = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One dotted place in JSON, or several of which the first that is there counts."""
UrlPath = Annotated[str, Field(pattern=r"^/\S*$")]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Encoding = Literal["url", "base64"]


JobPath = Annotated[str, Field(pattern=r"^/\S*\{id\}\S*$")]
"""A path in which ``{id}`` stands for the id of the job."""
StateWord = Literal["queued", "processing", "completed", "failed", "timeout"]
Words = dict[str, StateWord]


def _refuse_unknown(name: str, keys: tuple[str, ...], text: str) -> None:
    """
    Raises:
        _WithinError: this is no placeholder.
    """
    if why := unknown(name):
        raise _WithinError(why, keys, text)


class SubmitTable(_Table):
    """``body`` is a template: ``"{prompt}"`` becomes what the job asks for, and a field whose value
    a job does not have is left out; ``always`` has values for jobs that do not have one.

    The rest are places in the answer. ``busy`` are codes with which the server asks to try again.
    """

    method: Method = "POST"
    path: UrlPath
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any]
    always: dict[str, Any] = Field(default_factory=dict)
    id: Places
    state: Places = ()
    accepted: Places = ()
    status_url: Places = ()
    result_url: Places = ()
    message: Places = ()
    busy: tuple[int, ...] = ()

    @field_validator("body")
    @classmethod
    def _asks_for_a_picture(cls, body: dict[str, Any]) -> dict[str, Any]:
        for keys, name in placed(body):
            _refuse_unknown(name, keys, f"{{{name}}}")
        if "prompt" not in placeholders(body):
            raise ValueError('nothing in it is "{prompt}"')
        return body

    @field_validator("path")
    @classmethod
    def _path_known(cls, path: str) -> str:
        for name in placeholders(path):
            _refuse_unknown(name, (), f"{{{name}}}")
        return path

    @field_validator("always")
    @classmethod
    def _always_known(cls, always: dict[str, Any]) -> dict[str, Any]:
        for name in always:
            _refuse_unknown(name, (name,), name)
        return always


class ProgressTable(_Table):
    """``of``: how many steps there are, a place or a number."""

    at: Places
    unit: Literal["percent", "fraction", "steps"] = "percent"
    of: str | int = ""

    @model_validator(mode="after")
    def _counts(self) -> "ProgressTable":
        if (self.unit == "steps") != bool(self.of):
            raise ValueError("unit = 'steps' needs `of`, the number of steps, and no other does")
        return self


class StatusTable(_Table):
    """Places in the status of a job, and what its words mean.

    ``flags`` are places that mean a state where they are true; the first one counts, and before the
    words. ``absent`` is what a status means that tells no state.
    """

    method: Method = "GET"
    path: JobPath
    id: Places = ()
    state: Places = ()
    words: Words = Field(default_factory=dict)
    flags: Words = Field(default_factory=dict)
    absent: StateWord | None = None
    progress: ProgressTable | None = None
    queued_at: Places = ()
    started_at: Places = ()
    completed_at: Places = ()
    failed_at: Places = ()
    result_url: Places = ()
    image_url: Places = ()
    error: Places = ()
    seed: Places = ()
    callback: Places = ()

    @model_validator(mode="after")
    def _end(self) -> "StatusTable":
        if bool(self.state) != bool(self.words):
            raise ValueError("`state` says where the words are that [status.words] explains")
        if "completed" not in (*self.words.values(), *self.flags.values()):
            raise ValueError("nothing in it means 'completed'")
        return self

    @property
    def told(self) -> frozenset[StateWord]:
        """The states that it can tell."""
        absent = {self.absent} if self.absent else set()
        return frozenset({*self.words.values(), *self.flags.values(), *absent})


class ResultTable(_Table):
    """Where the picture is: at ``path``, or at the ``place`` in the status, as a url (or a path, or
    a data: url) or in base64. ``link`` is the path to a picture where the place has but a name,
    which ``{value}`` stands for. ``follows_source``: its size may be that of the picture to edit.
    """

    method: Method = "GET"
    path: str = ""
    place: str = ""
    link: str = ""
    encoding: Encoding = "url"
    follows_source: bool = False

    @model_validator(mode="after")
    def _one(self) -> "ResultTable":
        if bool(self.path) == bool(self.place):
            raise ValueError("either `path` or `place` says where the picture is")
        if self.path and JOB not in self.path:
            raise _WithinError(f"it has no {JOB}, where the id of the job stands", ("path",))
        if self.link and VALUE not in self.link:
            message = f"it has no {VALUE}, where the name of the picture stands"
            raise _WithinError(message, ("link",))
        return self


class CancelTable(_Table):
    method: Method = "POST"
    path: JobPath


class CallbackTable(_Table):
    """What a callback looks like: the places of its fields, and how its sender proves itself.

    ``events``: whether callbacks come about the end of a job alone, or about all that happens to
    it; then those with a state that is no end are notices, and no deliveries. ``means`` is the
    state that a callback without one tells. ``promise``: whether a delivery that was taken may come
    again; then ``delivery_id`` is the header that is the same in each. ``retry_within``: a delivery
    that was answered 5xx, or not at all, comes again, for the first time within so many seconds.
    """

    body: Literal["multipart", "json"]
    events: Literal["end", "all"] = "end"
    id: Places = ()
    state: Places = ()
    means: Literal["", "completed", "failed", "timeout"] = ""
    words: Words = Field(default_factory=dict)
    completed_at: Places = ()
    image_url: Places = ()
    error: Places = ()
    picture: str = ""
    encoding: Encoding = "base64"
    proof: Literal["header", "standard-webhooks", "hub", "nothing"] = "header"
    header: str = ""
    promise: Literal["once", "at least once"] = "once"
    delivery_id: str = ""
    retry_within: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _proven(self) -> "CallbackTable":
        if self.proof == "header" and not self.header:
            raise _WithinError(
                "the secret comes in a header, and nothing says in which: add `header`, such as "
                f'header = "{SECRET_HEADER}"; or set proof = "nothing" where nothing is proven',
                ("proof",),
            )
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> "CallbackTable":
        if self.events == "all" and not self.state:
            message = "callbacks about all events need `state`, which tells them from the end"
            raise _WithinError(message, ("events",))
        return self

    @property
    def proven_in(self) -> str:
        """The header that proves the sender, if there is a proof."""
        signed = {"standard-webhooks": "webhook-signature", "hub": "X-Hub-Signature-256"}
        return signed.get(self.proof, self.header)


class ServerProfile(_Table):
    """One kind of server. ``name`` is that of its file; ``headers`` go with every request to it;
    ``health``, ``training`` and ``jobs`` are paths: of its health page, of training, of its jobs;
    ``promises`` are needs that no table shows, ``lacks`` needs that it does not meet, each with the
    reason; ``levels`` change those of clauses.
    """

    name: str = ""
    description: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    submit: SubmitTable
    status: StatusTable | None = None
    result: ResultTable | None = None
    cancel: CancelTable | None = None
    callback: CallbackTable | None = None
    health: UrlPath | None = None
    training: UrlPath | None = None
    jobs: UrlPath | None = None
    pages: tuple[UrlPath, ...] = ()
    promises: frozenset[Need] = frozenset()
    lacks: dict[Need, str] = Field(default_factory=dict)
    levels: dict[str, Level] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ends(self) -> "ServerProfile":
        if self.status is None and self.callback is None:
            raise ValueError(
                "neither [status] nor [callback]: nothing would tell that a job has ended"
            )
        return self


def load(name_or_path: str) -> ServerProfile:
    """The shipped profile of this name, or the one in this file.

    Raises:
        ServerProfileError: there is none, or it is not a profile.
    """
    try:
        path, text = named_profile(name_or_path, FOLDER)
    except NoSuchProfileError as error:
        raise ServerProfileError(str(error)) from error
    try:
        return parse(text, path.stem)
    except ServerProfileError as error:
        raise ServerProfileError(f"profile {path}: {error}") from error


def shipped_names() -> list[str]:
    return names_in(FOLDER)


def parse(text: str, name: str = "") -> ServerProfile:
    """Read a profile from TOML.

    Raises:
        ServerProfileError: each problem with its line.
    """
    try:
        return ServerProfile.model_validate({"name": name, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise ServerProfileError(f"not TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(_told(text, problem) for problem in error.errors(include_url=False))
        raise ServerProfileError(problems) from error


def _told(text: str, problem: ErrorDetails) -> str:
    """One problem with its line, and the dotted name of what it is about."""
    reason = problem.get("ctx", {}).get("error")
    within = reason if isinstance(reason, _WithinError) else None
    location = (*problem["loc"], *(within.keys if within else ()))
    number = line_of(text, location)
    if within and within.text:
        number = line_with(text, within.text, number)
    about = ".".join(map(str, location)) or "the profile"
    return f"line {number}: {about}: {problem['msg'].removeprefix('Value error, ')}"

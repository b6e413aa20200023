"""What a run needs before it can begin: a miner that answers, and a place for its callbacks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from asyncproof.driver.http_client import HttpClient
from asyncproof.history.events import AsyncEvent, Probed
from asyncproof.receiver.access import view_access
from asyncproof.receiver.bodies import shape_of
from asyncproof.receiver.callback_server import (
    DEFAULT_LIMITS,
    CallbackServer,
    CallbackServerError,
)
from asyncproof.receiver.limits import Limits
from asyncproof.run.external_callbacks import (
    ExternalCallbacks,
    ExternalCallbacksError,
)
from asyncproof.run.remote_server import RemoteServer, RemoteServerError
from asyncproof.settings import Settings
from asyncproof.text import quoted
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.profile import SubmitTable
from asyncproof.workload.scenario import Request

HEALTH = "health"  # the name of the first question
NO_SUCH_ROUTE = (404, 405, 501)
UNAVAILABLE = "Callback server unavailable: "


class SetupError(RuntimeError):
    """The run could not begin, through no fault of the miner; the message names the cure."""


class RunLostError(SetupError):
    """The run had begun and cannot go on: the disk is full."""


async def greet_miner(client: HttpClient, url: str, dialect: Dialect) -> Probed:
    """Its first health answer, whatever it says.

    Raises:
        SetupError: there is no answer at all, or none of a miner.
    """
    health = await client.probe(Request(probe=HEALTH, path=dialect.health or "/"))
    if health.error:
        raise SetupError(
            f"Miner server unavailable: {url}: {health.error}. Start the miner, or "
            "set ASYNC_MINER_URL to its address, or to 'reference' for the bundled one"
        )
    if dialect.health and not _speaks_json(health.status_code, health.body):
        await _expect_a_miner(client, url, dialect.profile.submit)
    return health


def _speaks_json(status: int | None, body: str) -> bool:
    """Whether a program answered, and not a web page or a bare error text."""
    return status not in NO_SUCH_ROUTE and body.lstrip().startswith("{")


async def _expect_a_miner(client: HttpClient, url: str, submit: SubmitTable) -> None:
    """A miner answers an empty submission in JSON, whatever it says.

    Raises:
        SetupError: this is no miner.
    """
    probe = Request(probe="is it a miner", path=submit.path, method=submit.method, json={})
    answer = await client.probe(probe)
    if answer.error or not _speaks_json(answer.status_code, answer.body):
        said = answer.error or f"{answer.status_code} {quoted(answer.body)}"
        raise SetupError(
            f"{url} is no miner: no JSON at {submit.method} {submit.path} ({said}). Set "
            "ASYNC_MINER_URL to the address of the miner, or ASYNC_PROFILE to its profile"
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a miner tells of itself in its health answer: LoRAs by name, and how many engines it
    has; none and 0 where it does not."""

    loras: tuple[str, ...] = ()
    engines: int = 0


async def offer(client: HttpClient, health: str) -> Offer:
    """What the miner says that it has, at the path of its health page; nothing without one."""
    if not health:
        return Offer()
    answer = await client.ask("GET", health)
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return Offer()
    return _offer(told) if isinstance(told, dict) else Offer()


def _offer(told: dict[str, Any]) -> Offer:
    loras, workers = told.get("loras"), told.get("workers")
    names = tuple(n for n in loras if isinstance(n, str)) if isinstance(loras, list) else ()
    counted = len(workers) if isinstance(workers, list | dict) else workers
    return Offer(names, counted if type(counted) is int and counted > 0 else 0)


async def start_server(
    settings: Settings,
    on_event: Callable[[AsyncEvent], None],
    clock: Callable[[], float],
    dialect: Dialect,
    *,
    limits: Limits = DEFAULT_LIMITS,
    recall: Callable[[str], str | None] = lambda _: None,
) -> CallbackServer:
    """Our own callback server, listening where the settings say.

    Raises:
        SetupError: its port or its folder is unavailable.
    """
    base, token = urlsplit(settings.callback_base_url), settings.callback_view_token
    asked = dialect.profile.callback
    proof = asked.proof if asked else "header"
    default_port = 443 if base.scheme == "https" else 80
    server = CallbackServer(
        settings.callback_folder,
        host=settings.callback_bind_host or base.hostname or "127.0.0.1",
        port=default_port if base.port is None else base.port,
        secret=settings.callback_secret,
        on_event=on_event,
        clock=clock,
        access=None if token is None else view_access(token),
        shape=shape_of(dialect),
        signature=proof,
        limits=limits,
        recall=recall,
    )
    try:
        await server.start()
    except CallbackServerError as error:
        told = str(error).removeprefix(UNAVAILABLE)
        raise SetupError(f"{UNAVAILABLE}{told}") from error
    return server


def told_base(base_url: str, bound_port: int) -> str:
    """What the miner is told: the given url, with the port that was really bound."""
    base = urlsplit(base_url)
    if base.port != 0:
        return base_url
    return base._replace(netloc=base.netloc[:-1] + str(bound_port)).geturl()


async def greet_external_server(external: ExternalCallbacks, base_url: str) -> None:
    """Leave behind what a callback server that runs already had received before.

    Raises:
        SetupError: it does not answer as one.
    """
    try:
        await external.skip_earlier()
    except ExternalCallbacksError as error:
        raise SetupError(
            f"{UNAVAILABLE}{base_url}: {error}. Start one (python -m "
            "asyncproof.cli.main callback-server), or unset "
            "ASYNC_USE_EXTERNAL_CALLBACK to have it started"
        ) from error


async def greet_remote_server(remote: RemoteServer, url: str) -> None:
    """Take over the control of a callback server of somebody else.

    Raises:
        SetupError: its control port does not answer as one.
    """
    try:
        await remote.greet()
    except RemoteServerError as error:
        raise SetupError(
            f"{UNAVAILABLE}{url}: {error}. Start it with --control-port and set "
            "ASYNC_CALLBACK_VIEW_TOKEN to its view token, or unset ASYNC_CALLBACK_CONTROL_URL"
        ) from error

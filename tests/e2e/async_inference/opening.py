"""What a run needs before it can begin: a miner that answers, and a place for its callbacks."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.e2e.async_inference.callback_server import CallbackServer, CallbackServerError
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.external_callbacks import (
    ExternalCallbacks,
    ExternalCallbacksError,
)
from tests.e2e.async_inference.scenario import Request
from tests.harness.history import Event
from tests.harness.settings import Settings

HEALTH = Request(probe="health", path="/health")
UNAVAILABLE = "Callback server unavailable: "


class SetupError(RuntimeError):
    """The run could not begin, through no fault of the miner; the message names the cure."""


async def greet_miner(exchange: Exchange, url: str) -> Probed:
    """Its first health answer, whatever it says.

    Raises:
        SetupError: there is no answer at all.
    """
    health = await exchange.probe(HEALTH)
    if health.error:
        raise SetupError(
            f"Miner server unavailable: {url}: {health.error}. Start the miner, or "
            "set ASYNC_MINER_URL to its address, or to 'reference' for the bundled one"
        )
    return health


async def offered_loras(exchange: Exchange) -> tuple[str, ...]:
    """LoRAs that a miner names in its health answer; none where it does not."""
    answer = await exchange.ask("GET", HEALTH.path)
    try:
        named = json.loads(answer.body)["loras"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(name for name in named if isinstance(name, str))


async def start_server(
    settings: Settings, on_event: Callable[[Event], None], clock: Callable[[], float]
) -> CallbackServer:
    """Our own callback server, listening where the settings say.

    Raises:
        SetupError: its port or its folder is not to be had.
    """
    base = urlsplit(settings.callback_base_url)
    default_port = 443 if base.scheme == "https" else 80
    server = CallbackServer(
        settings.callback_folder,
        host=settings.callback_bind_host or base.hostname or "127.0.0.1",
        port=default_port if base.port is None else base.port,
        secret=settings.callback_secret,
        on_event=on_event,
        clock=clock,
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
            "tests.e2e.async_inference.cli callback-server), or unset "
            "ASYNC_USE_EXTERNAL_CALLBACK to have it started"
        ) from error

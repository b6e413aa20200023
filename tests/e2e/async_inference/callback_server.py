"""The callback server: takes in what miners deliver, keeps it, and shows it live.

Runs inside the suite, or by itself::

    python tests/e2e/async_inference/callback_server.py
"""

import asyncio
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import urlsplit

if __name__ == "__main__":  # as a script, from any folder: `tests` must be found
    sys.path[0] = str(Path(__file__).resolve().parents[3])

import click

from tests.e2e.async_inference.events import Delivered, NemesisActed
from tests.e2e.async_inference.nemesis import Nemesis, Quiet
from tests.e2e.async_inference.receiver.door import Door
from tests.e2e.async_inference.receiver.keyring import SECRET_HEADER, Keyring
from tests.e2e.async_inference.receiver.ledger import Ledger
from tests.e2e.async_inference.receiver.limits import Limits
from tests.e2e.async_inference.receiver.listener import CallbackServerError, Listener
from tests.e2e.async_inference.receiver.pages import Pages
from tests.e2e.async_inference.receiver.reception import Reception, Rules
from tests.e2e.async_inference.receiver.stage import Stage
from tests.e2e.async_inference.receiver.store import Store
from tests.harness.exit_codes import ExitCode

__all__ = ["CallbackServer", "CallbackServerError", "main", "serve"]

QUIET = Quiet()
DEFAULT_LIMITS = Limits()

Emit = Callable[[Delivered | NemesisActed], None]


class CallbackServer:
    """Receives callbacks at ``url``/callback and keeps them under ``folder``.

    ``on_event`` is called in the server's event loop with everything that happens; ``clock`` gives
    the times in it. With ``strict``, callbacks that can be read but break the protocol are answered
    422; with ``fsync`` an answered callback survives a loss of power too. ``hosts`` are
    names, beside localhost and every IP address, under which the dashboard may be opened.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        secret: str = "test-secret",
        nemesis: Nemesis = QUIET,
        on_event: Emit | None = None,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = DEFAULT_LIMITS,
        strict: bool = False,
        fsync: bool = False,
        hosts: Collection[str] = (),
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = port
        self._nemesis = nemesis
        self._emit = on_event or _nobody
        self._rules = Rules(limits, strict, fsync, clock)
        self._keys = Keyring(secret)
        self._past: list[Stage] = []
        self._hosts = {host.lower(), *(name.lower() for name in hosts)}

    @property
    def url(self) -> str:
        """Where the server can be reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Open the folder, list what earlier servers kept in it, and listen.

        Raises:
            CallbackServerError: the port is taken or the folder cannot be written to.
        """
        store = self._store = _opened(self.folder)
        limits = self._rules.limits
        ledger = Ledger(limits)
        ledger.load(*store.earlier(limits.keep))
        self._pages = Pages(ledger, store.images, hosts=self._hosts)
        self._reception = Reception(
            self._rules,
            keys=self._keys,
            store=store,
            ledger=ledger,
            pages=self._pages,
            emit=self._emit,
        )
        door = Door(self._reception.handle, limits, self._reception.unreadable)
        self._listener = Listener(self.host, self.port, door, door.drop_idle)
        try:
            self._listener.open()
        except CallbackServerError:
            store.close()
            raise
        await self._listener.ready()
        self.port = self._listener.port
        self._enter()

    async def stop(self) -> None:
        """Stop listening, end what is under way, and close the files. Nothing is removed."""
        self._stage.close()
        self._pages.close()
        await self._listener.close()
        for stage in (*self._past, self._stage):
            await stage.closed()
        self._store.close()

    def expect(self, token: str, secret: str) -> None:
        """From now on, callbacks to ``/callback/<token>`` must carry this secret."""
        self._keys.expect(token, secret)

    def use(self, nemesis: Nemesis) -> None:
        """Let this nemesis meet all callbacks from now on; what the last one did is over."""
        self._stage.close()
        self._past.append(self._stage)
        self._nemesis = nemesis
        self._enter()

    def _enter(self) -> None:
        self._stage = Stage(str(self._nemesis), self._listener, self._rules.clock, self._emit)
        self._reception.meet(self._nemesis, self._stage)
        self._nemesis.begin(self._stage)

    async def wait_for(self, key: str, timeout: float) -> Delivered:
        """The first delivery with the right secret for a token or a job id.

        Raises:
            TimeoutError: none came within ``timeout`` seconds; the message names the key.
        """
        return await self._reception.waiters.wait_for(key, timeout)


def _nobody(_event: Delivered | NemesisActed) -> None:
    """Where events go that nobody asked for."""


def _opened(folder: Path) -> Store:
    try:
        return Store(folder)
    except OSError as error:
        raise CallbackServerError(
            f"Callback server unavailable: cannot write to {folder} ({error.strerror}); "
            "make it writable or name another folder"
        ) from error


async def serve(
    *,
    host: str,
    port: int,
    folder: Path,
    secret: str,
    strict: bool = False,
    fsync: bool = False,
    hosts: Collection[str] = (),
) -> None:
    """Run a callback server until SIGINT or SIGTERM.

    Raises:
        CallbackServerError: it cannot start.
    """
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = CallbackServer(
        folder, host=host, port=port, secret=secret, strict=strict, fsync=fsync, hosts=hosts
    )
    await server.start()
    gc.collect()
    gc.freeze()  # or one of the first callbacks waits until all that was imported is looked through
    click.echo(f"callbacks   POST {server.url}/callback   (header {SECRET_HEADER})")
    click.echo(f"dashboard   {server.url}/")
    click.echo(f"kept in     {folder}   (images/, journal.ndjson)")
    click.echo("Ctrl-C stops it; nothing that was kept is removed.")
    try:
        await ended.wait()
    finally:
        await server.stop()


@click.command()
@click.option("--host", envvar="ASYNC_CALLBACK_BIND_HOST", default="0.0.0.0", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="default: that of --base-url")
@click.option(
    "--base-url",
    envvar="ASYNC_CALLBACK_BASE_URL",
    default="http://127.0.0.1:8092",
    show_default=True,
    help="the url that miners are told; its port is listened on",
)
@click.option("--secret", envvar="ASYNC_CALLBACK_SECRET", default="test-secret", show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(__file__).resolve().parents[3] / "mock_callbacks",
    help="default: mock_callbacks/ in the repository",
)
@click.option("--strict", is_flag=True, help="answer 422 to callbacks that break the protocol")
@click.option("--fsync", is_flag=True, help="let answered callbacks survive a loss of power")
def main(
    *,
    host: str,
    port: int | None,
    base_url: str,
    secret: str,
    folder: Path,
    strict: bool,
    fsync: bool,
) -> None:
    """Receive callbacks, keep them, and show them live in the browser."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        public = urlsplit(base_url)
        chosen = port if port is not None else public.port or 80
    except ValueError:
        raise click.BadParameter(
            f"{base_url!r} has no usable port", param_hint="--base-url"
        ) from None
    try:
        asyncio.run(
            serve(
                host=host,
                port=chosen,
                folder=folder,
                secret=secret,
                strict=strict,
                fsync=fsync,
                hosts=[public.hostname] if public.hostname else [],
            )
        )
    except CallbackServerError as error:
        click.echo(str(error), err=True)
        raise SystemExit(ExitCode.SETUP_FAILED) from None


if __name__ == "__main__":
    main()

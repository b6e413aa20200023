"""A callback server in its own thread, for tests without an event loop."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asyncproof.history.events import Delivered, NemesisActed
from asyncproof.receiver.callback_server import CallbackServer


class ThreadedCallbackServer:
    """A test's view of a running callback server. ``deliveries`` grows as they arrive."""

    def __init__(self, server: CallbackServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self.deliveries: list[Delivered] = []

    @property
    def url(self) -> str:
        """The base url; callbacks go to ``url``/callback or ``url``/callback/<token>."""
        return self._server.url

    def expect(self, token: str, secret: str) -> None:
        """From now on, callbacks to ``/callback/<token>`` must carry this secret."""
        self._loop.call_soon_threadsafe(self._server.expect, token, secret)

    def wait_for(self, key: str, timeout: float = 30.0) -> Delivered:
        """The first delivery with the right secret for a token or a job id.

        Raises:
            TimeoutError: none came within ``timeout`` seconds.
        """
        waiting = self._server.wait_for(key, timeout)
        return asyncio.run_coroutine_threadsafe(waiting, self._loop).result()


@contextmanager
def callback_server_in_thread(folder: Path) -> Iterator[ThreadedCallbackServer]:
    """A server on a free port of this machine, which stores callbacks in ``folder``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="callback server", daemon=True)
    thread.start()

    def note(event: Delivered | NemesisActed) -> None:
        if isinstance(event, Delivered):
            threaded.deliveries.append(event)

    server = CallbackServer(folder, on_event=note)
    threaded = ThreadedCallbackServer(server, loop)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        try:
            yield threaded
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

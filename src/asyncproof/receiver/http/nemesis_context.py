"""What a nemesis can do outside an attempt: refuse connections, open a second server, wait.

A context lasts as long as its nemesis. When it is over, waits end and connections are accepted
again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from asyncproof.history.events import (
    ActKind,
    NemesisActed,
)
from asyncproof.receiver.http.listener import Listener
from asyncproof.vocabulary import SECRET_HEADER

RecordAct = Callable[[NemesisActed], None]


class NemesisContext:
    """The environment of one nemesis, from its first act to its last."""

    def __init__(
        self,
        name: str,
        listener: Listener,
        clock: Callable[[], float],
        say: RecordAct,
        secret_header: str = SECRET_HEADER,
    ) -> None:
        """``secret_header`` is the header that must not be carried to another host."""
        self._secret_header = secret_header
        self.over = asyncio.Event()
        self.name = name
        self._listener = listener
        self._clock = clock
        self._say = say
        self._attempts: Counter[str] = Counter()
        self._arrived = 0
        self._other_host: Listener | None = None
        self._reopening: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def refusing(self) -> bool:
        """Whether connections are refused at this moment."""
        return self._listener.refusing

    @property
    def arrived(self) -> int:
        """How many attempts have arrived."""
        return self._arrived

    def count(self, path: str) -> tuple[int, int]:
        """Count an attempt: its number among those to ``path``, and among all; both from 1."""
        self._attempts[path] += 1
        self._arrived += 1
        return self._attempts[path], self._arrived

    def forget(self, path: str) -> None:
        """Keep nothing about this path: what still comes to it counts from 1 again."""
        self._attempts.pop(path, None)

    def place(self, path: str) -> int:
        """The position of this path in the order of first attempts, from 1."""
        return list(self._attempts).index(path) + 1

    def say(
        self,
        act: str,
        token: str | None = None,
        *,
        kind: ActKind | None = None,
        leaked: bool = False,
    ) -> None:
        """Record a hostile act, so that its effects are not blamed on the miner."""
        event = NemesisActed(
            nemesis=self.name, act=act, kind=kind, token=token, leaked=leaked, at=self._clock()
        )
        self._say(event)

    def refuse_connections(self, seconds: float | None = None) -> None:
        """Refuse new connections and drop idle ones, for ``seconds`` or to the end."""
        if self._listener.refusing:
            return
        self._listener.refuse(
            lambda: self.say(ActKind.REFUSES_CONNECTIONS, kind=ActKind.REFUSES_CONNECTIONS)
        )
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(seconds, self._accept_again)

    def _accept_again(self) -> None:
        if self._listener.refusing:
            self._listener.accept()
            self.say(ActKind.ACCEPTS_AGAIN, kind=ActKind.ACCEPTS_AGAIN)

    async def elsewhere(self, host: str) -> str:
        """The base url of a second server, with another host name and port than the first.

        It records each request that arrives there, and whether a secret came with it.
        """
        if self._other_host is None:
            server = web.Server(self._visited, access_log=None)
            self._other_host = Listener(self._listener.host, 0, server)
            self._other_host.open()
        other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}.get(host, host)
        return f"http://{other}:{self._other_host.port}"

    async def _visited(self, request: web.BaseRequest) -> web.Response:
        leaked = self._secret_header in request.headers
        token = request.rel_url.raw_path.rpartition("/callback/")[2] or None
        with_what = "with" if leaked else "without"
        act = f"{request.method} {ActKind.CAME_ELSEWHERE}, {with_what} the secret"
        self.say(act, token, kind=ActKind.CAME_ELSEWHERE, leaked=leaked)
        return web.Response(text="OK")

    def close(self) -> None:
        """End it: waits return at once and connections are accepted again."""
        self.over.set()
        if self._reopening is not None:
            self._reopening.cancel()
        self._accept_again()
        if self._other_host is not None:
            self._closing.add(asyncio.ensure_future(self._other_host.close()))
            self._other_host = None

    async def closed(self) -> None:
        """Wait until the second server is closed."""
        await asyncio.gather(*self._closing)

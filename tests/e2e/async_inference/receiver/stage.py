"""What a nemesis can do beside treating one attempt: close the door, open a second house, wait.

A stage lasts as long as its nemesis. When it is over, waits end and the door is open again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from tests.e2e.async_inference.events import (
    ACCEPTS_AGAIN,
    CAME_ELSEWHERE,
    REFUSES_CONNECTIONS,
    NemesisActed,
)
from tests.e2e.async_inference.receiver.keyring import SECRET_HEADER
from tests.e2e.async_inference.receiver.listener import Listener

Say = Callable[[NemesisActed], None]


class Stage:
    """The surroundings of one nemesis, from its first act to its last."""

    def __init__(self, name: str, door: Listener, clock: Callable[[], float], say: Say) -> None:
        self.over = asyncio.Event()
        self.name = name
        self._door = door
        self._clock = clock
        self._say = say
        self._attempts: Counter[str] = Counter()
        self._house: Listener | None = None
        self._reopening: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def refusing(self) -> bool:
        """Whether connections are refused at this moment."""
        return self._door.refusing

    @property
    def arrived(self) -> int:
        """How many attempts came in so far."""
        return self._attempts.total()

    def enters(self, path: str) -> tuple[int, int]:
        """Count an attempt: its number among those to ``path``, and among all; both from 1."""
        self._attempts[path] += 1
        return self._attempts[path], self._attempts.total()

    def place(self, path: str) -> int:
        """Which of the paths this is, in the order of their first attempts; from 1."""
        return list(self._attempts).index(path) + 1

    def say(self, act: str, token: str | None = None, *, leaked: bool = False) -> None:
        """Record a hostile act, so that nobody takes its effect for the miner's fault."""
        event = NemesisActed(
            nemesis=self.name, act=act, token=token, leaked=leaked, at=self._clock()
        )
        self._say(event)

    def refuse_connections(self, seconds: float | None = None) -> None:
        """Refuse new connections and drop idle ones, for ``seconds`` or until the stage is over."""
        if self._door.refusing:
            return
        self._door.refuse(lambda: self.say(REFUSES_CONNECTIONS))
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._reopening = loop.call_later(seconds, self._accept_again)

    def _accept_again(self) -> None:
        if self._door.refusing:
            self._door.accept()
            self.say(ACCEPTS_AGAIN)

    async def elsewhere(self, host: str) -> str:
        """The base url of a second server, under another host name and port than the first.

        It records each request that arrives there, and whether a secret came with it.
        """
        if self._house is None:
            server = web.Server(self._visited, access_log=None)
            self._house = Listener(self._door.host, 0, server)
            self._house.open()
        other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}.get(host, host)
        return f"http://{other}:{self._house.port}"

    async def _visited(self, request: web.BaseRequest) -> web.Response:
        leaked = SECRET_HEADER in request.headers
        token = request.rel_url.raw_path.rpartition("/callback/")[2] or None
        with_what = "with" if leaked else "without"
        act = f"{request.method} {CAME_ELSEWHERE}, {with_what} the secret"
        self.say(act, token, leaked=leaked)
        return web.Response(text="OK")

    def close(self) -> None:
        """End it: waits return at once and the door is open again."""
        self.over.set()
        if self._reopening is not None:
            self._reopening.cancel()
        self._accept_again()
        if self._house is not None:
            self._closing.add(asyncio.ensure_future(self._house.close()))
            self._house = None

    async def closed(self) -> None:
        """Wait until the second server is gone."""
        await asyncio.gather(*self._closing)

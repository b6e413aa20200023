"""Passes callbacks on to their real consumer, so that the server can stand in front of it.

The consumer's answer is told to the miner. While the consumer is away (no connection, no answer in
time, 502 to 504, 408, 429), callbacks are stored in the outbox and the miner is told 200; they are
sent again, oldest first, until the consumer answers. So each reaches it at least once.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import BinaryIO

import aiohttp
import msgspec
from aiohttp import hdrs, web

from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.receiver.storage.outbox import CallbackHead, Outbox, head_of
from asyncproof.receiver.storage.store import IncomingFile
from asyncproof.vocabulary import SECRET_HEADER

PATIENCE = 10.0  # seconds for the consumer's answer
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  # seconds between attempts while the consumer is away
AWAY = frozenset({408, 429, 502, 503, 504})
HELD = AttemptAnswer(200, "OK; stored, and passed on when the consumer answers again")
_LONGEST_ANSWER = 2000  # bytes
_PASSED = (hdrs.CONTENT_TYPE, hdrs.USER_AGENT, "webhook-id", "webhook-timestamp",
           "webhook-signature", "x-hub-signature-256")  # fmt: skip
_log = logging.getLogger(__name__)

SignAgain = Callable[[Mapping[str, str], BinaryIO, float], Mapping[str, str]]


class Forwarder:
    """Passes callbacks on to ``url``, with ``secret`` in the protocol's header if there is one.

    ``sign_again`` makes the headers of a callback that is sent later than it came. ``outcomes``
    counts callbacks: ``answered``, ``held``, ``later`` (of those that were held), ``set_aside``.
    """

    def __init__(
        self,
        url: str,
        outbox: Outbox,
        *,
        secret: str | None,
        sign_again: SignAgain = lambda headers, _body, _now: headers,
        patience: float = PATIENCE,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._url = url
        self._outbox = outbox
        self._secret = secret
        self._sign_again = sign_again
        self._patience = patience
        self._pauses = pauses
        self._away = bool(outbox.waiting())
        self._wake = asyncio.Event()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._patience), auto_decompress=False
        )
        self._sending = asyncio.create_task(self._send_held())

    async def close(self) -> None:
        """End; what is in the outbox stays there for the next start."""
        while not self._sending.done():
            # Once more: a cancellation that meets the end of a time limit is taken for that.
            self._sending.cancel()
            await asyncio.wait([self._sending], timeout=1.0)
        await asyncio.gather(self._sending, return_exceptions=True)
        await self._session.close()

    @property
    def waiting(self) -> int:
        """How many callbacks are in the outbox."""
        return len(self._outbox.waiting())

    def begin(self, copy: IncomingFile, request: web.BaseRequest) -> None:
        """Begin the copy of a request whose body follows.

        Raises:
            NotStoredError: storage failed.
        """
        told = {name.lower(): request.headers.get(name) for name in _PASSED}
        headers = {name: value for name, value in told.items() if value is not None}
        self._outbox.write_head(copy, CallbackHead(headers))

    async def pass_on(self, copy: IncomingFile) -> AttemptAnswer:
        """Pass a complete copy on, and return what the miner is told.

        Raises:
            NotStoredError: the consumer is away, and storage failed.
        """
        if not self._away:
            with copy.reopened() as file:
                answer = await self._send(head_of(file).headers, file)
            if answer is not None:
                self.outcomes["answered"] += 1
                return answer
        self._outbox.add(copy)
        self.outcomes["held"] += 1
        self._away = True
        self._wake.set()
        return HELD

    async def _send(self, headers: Mapping[str, str], body: BinaryIO) -> AttemptAnswer | None:
        """The consumer's answer; None if it is away."""
        secret = {} if self._secret is None else {SECRET_HEADER: self._secret}
        try:
            async with self._session.post(
                self._url, data=body, headers={**headers, **secret}, allow_redirects=False
            ) as answer:
                text = await answer.content.read(_LONGEST_ANSWER)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.debug("no answer of %s: %r", self._url, error)
            return None
        if answer.status in AWAY:
            return None
        return AttemptAnswer(answer.status, text.decode("utf-8", "replace"))

    async def _send_held(self) -> None:
        """Send what is in the outbox whenever there is something, with pauses between attempts."""
        pauses = self._all_pauses()
        while True:
            if not self._outbox.waiting():
                self._away = False
                pauses = self._all_pauses()
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(next(pauses))
            try:
                with self._outbox.alone() as alone:
                    if alone and await self._empty():
                        pauses = self._all_pauses()
            except OSError as error:
                _log.warning("the outbox cannot be emptied: %s", error)

    def _all_pauses(self) -> Iterator[float]:
        return chain(self._pauses, repeat(self._pauses[-1]))

    async def _empty(self) -> bool:
        """Send one after the other until the consumer is away; whether it took any."""
        took = False
        for name in self._outbox.waiting():
            try:
                with self._outbox.opened(name) as (head, body):
                    headers = self._sign_again(head.headers, body, time.time())
                    answer = await self._send(headers, body)
            except (OSError, msgspec.MsgspecError) as error:
                _log.warning("%s in the outbox cannot be read: %s", name, error)
                self._outbox.set_aside(name)
                continue
            if answer is None:
                return took
            took = True
            self._answered(name, answer)
        return took

    def _answered(self, name: str, answer: AttemptAnswer) -> None:
        if answer.status < 300:
            self._outbox.done(name)
            self.outcomes["later"] += 1
            return
        kept = self._outbox.set_aside(name)
        self.outcomes["set_aside"] += 1
        _log.warning("the consumer answered %d to a held callback, kept as %s", answer.status, kept)

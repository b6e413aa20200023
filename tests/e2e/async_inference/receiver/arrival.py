"""One delivery attempt of a miner while it goes on: reading it, storing it, answering it.

:meth:`Arrival.take` is what an honest receiver does. A nemesis calls the other methods around or
instead of it.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from tests.e2e.async_inference.receiver.bad_form import BadFormError
from tests.e2e.async_inference.receiver.body import Body, LostError
from tests.e2e.async_inference.receiver.door import Connection
from tests.e2e.async_inference.receiver.form import Form, FormReader, Sink, boundary_of
from tests.e2e.async_inference.receiver.limits import Limits
from tests.e2e.async_inference.receiver.problems import problems
from tests.e2e.async_inference.receiver.record import Answer, Record
from tests.e2e.async_inference.receiver.stage import Stage
from tests.e2e.async_inference.receiver.store import NotStoredError, PictureFile, Store

SLOW_BUFFER = 65536  # bytes
_RESET = struct.pack("ii", 1, 0)


class Arrival:
    """The attempt in the hands of the receiver, or of a nemesis.

    ``attempt`` counts, from 1, the attempts to this path under the present nemesis, ``order`` all
    of them.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        record: Record,
        *,
        stage: Stage,
        store: Store,
        limits: Limits,
        redact: Callable[[str], str],
        strict: bool,
        fsync: bool,
    ) -> None:
        self.record = record
        self.stage = stage
        self.attempt, self.order = stage.enters(record.path)
        self.begun: Answer | None = None
        assert isinstance(request.protocol, Connection)
        self._connection = request.protocol
        self._request = request
        self._body = Body(request, limits)
        self._store = store
        self._limits = limits
        self._redact = redact
        self._strict = strict
        self._fsync = fsync
        self._picture: PictureFile | None = None

    async def take(self) -> Answer:
        """Read all of it, keep it, and say what an honest receiver answers.

        Raises:
            LostError: the miner went away before the end.
        """
        try:
            form = await self._read()
            await self._keep(form)
        except BadFormError as bad:
            self.record.broken = bad.reason
            return Answer(bad.status, bad.reason)
        except NotStoredError as full:
            self.record.broken = f"could not be stored: {full}"
            return Answer(507, self.record.broken)
        if self._strict and self.record.problems:
            return Answer(422, "; ".join(self.record.problems))
        return Answer(200, "OK")

    async def _read(self) -> Form:
        boundary = boundary_of(self.record.content_type)
        await self._body.ask_for()
        reader = FormReader(boundary, self._limits, self._open)
        await self._body.read(reader.feed)
        return reader.end()

    def _open(self) -> Sink:
        self._picture = self._store.begin()
        return self._picture

    async def _keep(self, form: Form) -> None:
        record = self.record
        form.rewrite(self._redact)
        record.fields = {name: text.value for name, text in form.texts.items()}
        record.problems = tuple(problems(form))
        if self._picture is None or form.picture is None:
            record.stored = True
            return
        if self._fsync:
            await asyncio.to_thread(self._picture.sync)
        record.image = msgspec.structs.replace(
            self._store.keep(self._picture, record.fields.get("job_id")),
            content_type=form.picture.content_type,
            filename=(form.picture.filename or "")[:200],
        )
        record.stored = True

    def discard(self) -> None:
        """Remove what is temporary; called once, whatever happened."""
        if self._picture is not None:
            self._picture.discard()
            self._picture = None

    @property
    def moved(self) -> bool:
        """Whether the miner followed a redirect of ours to get here."""
        return "moved" in self._request.query

    @property
    def host(self) -> str:
        """The host name, without port, under which the miner reached us."""
        return urlsplit(f"//{self._request.host}").hostname or "127.0.0.1"

    def say(self, act: str) -> None:
        """Record what the nemesis does to this attempt."""
        self.record.nemesis = self.stage.name
        self.stage.say(act, self.record.token)

    async def pause(self, seconds: float) -> None:
        """Let time pass, but no more than the nemesis has and the miner waits.

        Raises:
            LostError: the miner has closed the connection.
        """
        gone = asyncio.ensure_future(self._connection.gone.wait())
        over = asyncio.ensure_future(self.stage.over.wait())
        try:
            await asyncio.wait({gone, over}, timeout=seconds, return_when="FIRST_COMPLETED")
            if gone.done():
                raise LostError("the miner closed the connection before it was answered")
        finally:
            gone.cancel()
            over.cancel()

    def slow_down(self, bytes_per_second: float) -> None:
        """Read no faster than this from now on; the sender is not blamed for it.

        The socket's buffer is made small, or the system would take in a whole picture for us; but
        not smaller than a segment on this machine's loopback: a window that has been shut and can
        only open by less stays shut until the sender asks, which can take seconds.
        """

        async def linger(size: int) -> float:
            if self.stage.over.is_set():
                return 0.0
            await self.pause(size / bytes_per_second)
            return size / bytes_per_second

        self._body.linger = linger
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)

    async def read_some(self, at_least: int) -> None:
        """Read the start of the body and throw it away.

        Raises:
            LostError: the miner went away before.
        """
        while self._body.received < at_least and await self._body.piece():
            pass

    async def trickle(self, answer: Answer, *, bytes_per_second: int, seconds: float) -> None:
        """Send the answer's head, then text without end, for at most ``seconds``.

        Raises:
            LostError: the miner has had enough, and closed the connection.
        """
        self.begun = answer
        stream = web.StreamResponse(status=answer.status, headers=answer.headers)
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            await stream.prepare(self._request)
            while loop.time() < ends and not self.stage.over.is_set():
                await stream.write(b"." * max(1, bytes_per_second // 10))
                await self.pause(0.1)
        except ConnectionError:
            raise LostError("the miner closed the connection during the answer") from None

    def reset(self) -> None:
        """Break the connection at once with a TCP reset.

        Raises:
            LostError: always.
        """
        transport = self._request.transport
        if transport is not None:
            self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        raise LostError(f"reset by us after {self._body.received} bytes of the body")

    def _socket(self) -> socket.socket:
        held: socket.socket | None = self._request.get_extra_info("socket")
        if held is None:
            raise LostError("the connection is gone")
        return held

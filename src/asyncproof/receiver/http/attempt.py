"""One delivery attempt of a miner in progress: reading it, storing it, answering it.

:meth:`DeliveryAttempt.take` is what an honest receiver does. A nemesis calls the other methods
around it or instead of it.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from asyncproof.receiver.bodies import MULTIPART, CallbackShape
from asyncproof.receiver.forwarder import HELD, Forwarder
from asyncproof.receiver.http.body import LostError, RequestBody
from asyncproof.receiver.http.nemesis_context import NemesisContext
from asyncproof.receiver.http.patient_reader import PatientReader
from asyncproof.receiver.http.record import AttemptAnswer, AttemptRecord
from asyncproof.receiver.http.server import Connection
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import Form, PictureSink
from asyncproof.receiver.multipart.violations import violations
from asyncproof.receiver.signatures import BodyCheck, UnsignedError
from asyncproof.receiver.storage.store import IncomingFile, NotStoredError, Store

SLOW_BUFFER = 65536  # bytes
_RESET = struct.pack("ii", 1, 0)


class DeliveryAttempt:
    """The attempt, as the receiver or a nemesis handles it.

    ``number`` counts, from 1, the attempts to this path under the present nemesis, ``order`` all
    of them.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        record: AttemptRecord,
        *,
        context: NemesisContext,
        store: Store,
        limits: Limits,
        redact: Callable[[str], str],
        strict: bool,
        fsync: bool,
        check: BodyCheck | None = None,
        forwarder: Forwarder | None = None,
        shape: CallbackShape = MULTIPART,
    ) -> None:
        self._shape = shape
        self.record = record
        self.context = context
        self.number, self.order = context.count(record.facts.path)
        self.begun: AttemptAnswer | None = None
        assert isinstance(request.protocol, Connection)
        self._connection = request.protocol
        self._request = request
        self._body = RequestBody(request, limits)
        self._store = store
        self._limits = limits
        self._redact = redact
        self._strict = strict
        self._fsync = fsync
        self._check = check
        self._picture: IncomingFile | None = None
        self._forwarder = forwarder
        self._copy: IncomingFile | None = None

    async def take(self) -> AttemptAnswer:
        """Read and store all of it, and return what an honest receiver answers.

        Raises:
            LostError: the miner went away before the end.
        """
        try:
            form = await (self._read() if self._check is None else self._read_signed(self._check))
            await self._keep(form)
        except UnsignedError as unsigned:
            return AttemptAnswer(401, str(unsigned))
        except BadFormError as bad:
            self.record.note(
                broken=bad.reason,
                form_problems=(bad.reason,),
                another_boundary=bad.another_boundary,
            )
            return AttemptAnswer(bad.status, bad.reason)
        except NotStoredError as full:
            return self.record.not_stored(full, self._store)
        if self._strict and self.record.facts.problems:
            return AttemptAnswer(422, "; ".join(self.record.facts.problems))
        return await self._pass_on()

    async def _pass_on(self) -> AttemptAnswer:
        """What the consumer answers; without one, our own answer."""
        if self._forwarder is None or self._copy is None:
            return AttemptAnswer(200, "OK")
        try:
            answer = await self._forwarder.pass_on(self._copy)
        except NotStoredError as full:
            return self.record.not_stored(full, self._store)
        self.record.forwarded = "held" if answer is HELD else "answered"
        return answer

    async def _read(self) -> Form:
        reader = self._shape.open(self.record.facts.content_type, self._limits, self._open)
        await self._body.ask_for()
        await self._body.read(self._copied(reader.feed))
        return await self._ended(reader.end)

    async def _ended(self, end: Callable[[], Form]) -> Form:
        return await asyncio.to_thread(end) if self._shape.in_a_thread else end()

    def _copied(self, feed: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """``feed``, and if callbacks are passed on, also a copy of what comes."""
        if self._forwarder is None:
            return feed
        copy = self._copy = self._store.begin()
        self._forwarder.begin(copy, self._request)

        def take(piece: bytes) -> None:
            copy.write(memoryview(piece))
            feed(piece)

        return take

    async def _read_signed(self, check: BodyCheck) -> Form:
        """Read all of it; only its right signature makes it a callback, or a bad form.

        Raises:
            UnsignedError: it is not signed with our secret.
        """
        reader = PatientReader(
            lambda: self._shape.open(self.record.facts.content_type, self._limits, self._open)
        )

        def take(piece: bytes) -> None:
            check.update(piece)
            reader.feed(piece)

        await self._body.ask_for()
        await self._body.read(self._copied(take))
        if not check.matches():
            raise UnsignedError("the signature is not that of this body")
        self.record.note(secret="match")
        return await self._ended(reader.end)

    def _open(self) -> PictureSink:
        self._picture = self._store.begin()
        return self._picture

    async def _keep(self, form: Form) -> None:
        form.rewrite(self._redact)
        fields = {name: text.value for name, text in form.texts.items()}
        shape = self._shape
        found = list(violations(form, shape.due, shape.states, shape.names))
        self.record.note(
            fields=fields,
            problems=tuple(v.text for v in found),
            form_problems=tuple(v.text for v in found if v.of_the_form),
        )
        if self._picture is None or form.picture is None:
            self.record.note(stored=True)
            return
        if self._fsync:
            await asyncio.to_thread(self._picture.sync)
        image = msgspec.structs.replace(
            self._store.keep(self._picture, fields.get("job_id")),
            content_type=form.picture.content_type,
            filename=(form.picture.filename or "")[:200],
        )
        self.record.note(image=image, stored=True)

    def discard(self) -> None:
        """Remove temporary files; called once, whatever happened."""
        for file in (self._picture, self._copy):
            if file is not None:
                file.discard()
        self._picture = self._copy = None

    @property
    def moved(self) -> bool:
        """Whether the miner followed a redirect of ours to get here."""
        return "moved" in self._request.query

    @property
    def host(self) -> str:
        """The host name, without port, that the miner used to reach us."""
        return urlsplit(f"//{self._request.host}").hostname or "127.0.0.1"

    def say(self, act: str) -> None:
        """Record what the nemesis does to this attempt."""
        self.record.note(nemesis=self.context.name)
        self.context.say(act, self.record.facts.token)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the nemesis lasts or the miner stays connected.

        Raises:
            LostError: the miner has closed the connection.
        """
        gone = asyncio.ensure_future(self._connection.gone.wait())
        over = asyncio.ensure_future(self.context.over.wait())
        try:
            await asyncio.wait({gone, over}, timeout=seconds, return_when="FIRST_COMPLETED")
            if gone.done():
                raise LostError(
                    "the miner closed the connection before it was answered", went_away=True
                )
        finally:
            gone.cancel()
            over.cancel()

    def slow_down(self, bytes_per_second: float) -> None:
        """Read no faster than this from now on, without blaming the sender.

        The socket's buffer is made small, otherwise the system would buffer a whole image for us;
        but not smaller than a segment on the loopback interface: a closed window that can only open
        by less stays closed until the sender probes it, which can take seconds.
        """

        async def linger(size: int) -> float:
            if self.context.over.is_set():
                return 0.0
            await self.pause(size / bytes_per_second)
            return size / bytes_per_second

        self._body.linger = linger
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)

    async def read_some(self, at_least: int) -> None:
        """Read the start of the body and discard it.

        Raises:
            LostError: the miner went away before.
        """
        while self._body.received < at_least and await self._body.piece():
            pass

    async def trickle(
        self, answer: AttemptAnswer, *, bytes_per_second: int, seconds: float
    ) -> None:
        """Send the answer's head, then endless text, for at most ``seconds``.

        Raises:
            LostError: the miner closed the connection.
        """
        self.begun = answer
        stream = web.StreamResponse(status=answer.status, headers=answer.headers)
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        try:
            await stream.prepare(self._request)
            while loop.time() < ends and not self.context.over.is_set():
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
            raise LostError("the connection is lost")
        return held

"""From a request to an answer: who is let in, what becomes of it, in which order it is recorded.

The order is the promise: picture on disk, line in the journal, entry in the list, answer on the
wire, event to the testbed.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from tests.e2e.async_inference.events import Delivered, NemesisActed
from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.body import LostError
from tests.e2e.async_inference.receiver.entries import Entry, encode, entry
from tests.e2e.async_inference.receiver.keyring import SECRET_HEADER, Keyring
from tests.e2e.async_inference.receiver.ledger import Ledger, Waiters
from tests.e2e.async_inference.receiver.limits import Limits
from tests.e2e.async_inference.receiver.pages import Pages
from tests.e2e.async_inference.receiver.record import Answer, Record
from tests.e2e.async_inference.receiver.stage import Stage
from tests.e2e.async_inference.receiver.store import NotStoredError, Store

_PATH = re.compile(r"/callback(?:/([A-Za-z0-9_.~-]{1,128}))?", re.ASCII)
_READS = (hdrs.METH_GET, hdrs.METH_HEAD)
_DRAIN_SECONDS = 2.0
_DRAIN_OF_TOO_MUCH = 256 * 1024


@dataclass(frozen=True, slots=True)
class Rules:
    """How a reception treats what arrives; as in :class:`CallbackServer`."""

    limits: Limits
    strict: bool
    fsync: bool
    clock: Callable[[], float]


class Reception:
    """Handles every request of one server."""

    def __init__(
        self,
        rules: Rules,
        *,
        keys: Keyring,
        store: Store,
        ledger: Ledger,
        pages: Pages,
        emit: Callable[[Delivered | NemesisActed], None],
    ) -> None:
        self.waiters = Waiters()
        self._rules = rules
        self._keys = keys
        self._store = store
        self._ledger = ledger
        self._pages = pages
        self._emit = emit
        self._refused_bytes = 0

    def meet(self, nemesis: Nemesis, stage: Stage) -> None:
        """From now on, this nemesis treats what is let in."""
        self._nemesis, self._stage = nemesis, stage

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        callback = _PATH.fullmatch(request.rel_url.raw_path)
        if callback is None and request.method in _READS:
            return await self._pages.answer(request)
        return await self._receive(request, callback)

    def unreadable(self, sender: str | None, reason: str) -> None:
        """Record what was no HTTP request: it may have been a miner's attempt."""
        record = Record("?", "?", None, "missing", self._rules.clock(), sender or "")
        record.broken = f"not a request that can be read: {reason}"
        self._tell(self._finish(record, Answer(400, record.broken))[0])

    async def _receive(
        self, request: web.BaseRequest, callback: re.Match[str] | None
    ) -> web.StreamResponse:
        record = self._record(request, callback)
        refusal = _refusal(record, callback)
        if refusal is not None:
            delivered, answer = self._finish(record, refusal)
        else:
            delivered, answer = await self._let_in(request, record)
        try:
            return await _send(request, answer, self._rules.limits)
        finally:
            self._tell(delivered)

    async def _let_in(
        self, request: web.BaseRequest, record: Record
    ) -> tuple[Delivered, Answer | None]:
        rules = self._rules
        arrival = Arrival(
            request,
            record,
            stage=self._stage,
            store=self._store,
            limits=rules.limits,
            redact=self._keys.redact,
            strict=rules.strict,
            fsync=rules.fsync,
        )
        try:
            try:
                answer = await self._nemesis.receive(arrival)
            except LostError as lost:
                record.broken, answer = str(lost), None
            delivered, decided = self._finish(record, answer or arrival.begun)
            return delivered, decided if answer is not None else None
        finally:
            arrival.discard()

    def _record(self, request: web.BaseRequest, callback: re.Match[str] | None) -> Record:
        token = callback[1] if callback else None
        headers = request.headers
        return Record(
            method=self._tidy(request.method),
            path=self._tidy(request.rel_url.raw_path),
            token=None if token is None else self._tidy(token),
            secret=self._keys.verdict(token, headers.getall(SECRET_HEADER, [])),
            began=self._rules.clock(),
            sender=request.remote or "",
            content_type=self._tidy(headers.get(hdrs.CONTENT_TYPE, "")),
            user_agent=self._tidy(headers.get(hdrs.USER_AGENT, "")),
        )

    def _finish(self, record: Record, answer: Answer | None) -> tuple[Delivered, Answer | None]:
        """Write the attempt into the journal and the list; only then may it be answered."""
        delivered, recorded = self._made(record, answer)
        line = encode(recorded)
        try:
            self._journal(line, refused=record.secret != "match")
        except NotStoredError as full:
            if record.image is not None:
                self._store.forget(record.image)
            record.image, record.stored = None, False
            record.broken = f"could not be stored: {full}"
            answer = Answer(507, record.broken)
            delivered, recorded = self._made(record, answer)
            line = encode(recorded)
        self._ledger.add(recorded, line)
        return delivered, answer

    def _made(self, record: Record, answer: Answer | None) -> tuple[Delivered, Entry]:
        delivered = record.delivered(self._ledger.last + 1, self._rules.clock(), answer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return delivered, entry(delivered, now, record.sender)

    def _journal(self, line: bytes, *, refused: bool) -> None:
        if refused:
            self._refused_bytes += len(line)
            if self._refused_bytes > self._rules.limits.refused_journal:
                return
        self._store.append(line)
        if self._rules.fsync:
            self._store.sync()

    def _tell(self, delivered: Delivered) -> None:
        self.waiters.delivered(delivered)
        self._emit(delivered)

    def _tidy(self, text: str) -> str:
        """What a sender wrote in a header: without secrets, not too long, and valid Unicode."""
        return self._keys.redact(text.encode("utf-8", "replace").decode())[:300]


def _refusal(record: Record, callback: re.Match[str] | None) -> Answer | None:
    """What a request gets that is not let in; None for a callback with the right secret."""
    if callback is None:
        return Answer(404, "nothing is here; callbacks go to POST /callback")
    if record.method != hdrs.METH_POST:
        return Answer(405, "callbacks are sent with POST", {hdrs.ALLOW: hdrs.METH_POST})
    if record.secret == "missing":
        return Answer(401, f"{SECRET_HEADER} is missing")
    if record.secret != "match":
        return Answer(401, f"{SECRET_HEADER} is not the secret of this callback")
    return None


class _Nothing(web.Response):
    """What a handler returns that sends nothing: aiohttp drops a connection that breaks here."""

    async def prepare(self, request: web.BaseRequest) -> None:  # noqa: ARG002 - aiohttp's signature
        raise ConnectionAbortedError


async def _send(
    request: web.BaseRequest, answer: Answer | None, limits: Limits
) -> web.StreamResponse:
    """Send the answer; without one, end the connection."""
    if answer is None:
        if request.transport is not None:
            request.transport.abort()
        return _Nothing()
    response = web.Response(status=answer.status, text=answer.text, headers=answer.headers)
    unread = not request.content.at_eof()
    if unread:
        response.force_close()
    try:
        await response.prepare(request)
        await response.write_eof()
        if unread:
            await _drain(request, limits)
    except ConnectionError:
        pass  # the journal has what was decided; whether it arrived only the miner can know
    return response


async def _drain(request: web.BaseRequest, limits: Limits) -> None:
    """Let the sender finish, within reason: closing on unread bytes would destroy the answer.

    Of a body over the limit only the start is read, and then its sender has a moment to look.
    """
    left = limits.body if (request.content_length or 0) <= limits.body else _DRAIN_OF_TOO_MUCH
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while piece := await request.content.readany():
                left -= len(piece)
                if left < 0:
                    await asyncio.sleep(_DRAIN_SECONDS)
    except (TimeoutError, ConnectionError, web.RequestPayloadError, HttpProcessingError):
        pass

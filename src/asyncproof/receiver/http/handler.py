"""From a request to an answer: who is accepted, and in which order things are recorded.

The order is a guarantee: image on disk, line in the journal, entry in the list, answer to the
miner, event to the testbed.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from asyncproof.history.events import AttemptFacts, Delivered, NemesisActed
from asyncproof.receiver.address_limits import AddressLimits, AddressRules
from asyncproof.receiver.bodies import MULTIPART, CallbackShape
from asyncproof.receiver.dashboard.pages import Pages
from asyncproof.receiver.forwarder import Forwarder
from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.body import LostError
from asyncproof.receiver.http.nemesis_context import NemesisContext
from asyncproof.receiver.http.record import AttemptAnswer, AttemptRecord
from asyncproof.receiver.http.server import Unsent
from asyncproof.receiver.keyring import Keyring
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.receiver.signatures import BodyCheck, SignatureScheme
from asyncproof.receiver.storage.entries import CallbackEntry, encode, entry
from asyncproof.receiver.storage.index import CallbackIndex, Waiters
from asyncproof.receiver.storage.store import NotStoredError, Store

Acting = tuple[Nemesis, NemesisContext]

_PATH = re.compile(r"/callback(?:/([A-Za-z0-9_.~-]{1,128}))?", re.ASCII)
_READS = (hdrs.METH_GET, hdrs.METH_HEAD)
_TOO_MANY = "too many requests without the right secret or token came from this address"
_DRAIN_SECONDS = 2.0
_DRAIN_OF_TOO_MUCH = 256 * 1024


@dataclass(frozen=True, slots=True)
class ReceiverRules:
    """The settings of a receiver; see :class:`CallbackServer`."""

    limits: Limits
    strict: bool
    fsync: bool
    clock: Callable[[], float]
    scheme: SignatureScheme | None = None
    wall: Callable[[], float] = time.time
    shape: CallbackShape = MULTIPART


class CallbackHandler:
    """Handles every request of one server."""

    def __init__(
        self,
        rules: ReceiverRules,
        *,
        keys: Keyring,
        store: Store,
        index: CallbackIndex,
        pages: Pages,
        emit: Callable[[Delivered | NemesisActed], None],
        forwarder: Forwarder | None = None,
        by_address: AddressLimits | None = None,
    ) -> None:
        self.waiters = Waiters(rules.limits.keep)
        self._rules = rules
        self._keys = keys
        self._store = store
        self._index = index
        self._pages = pages
        self._emit = emit
        self._forwarder = forwarder
        self._by_address = by_address or AddressLimits(AddressRules(), rules.clock)
        self._refused_bytes = 0

    def use(self, everybodys: Acting, by_token: Mapping[str, Acting]) -> None:
        """From now on, these handle every accepted attempt: that of its token, or everybody's."""
        self._everybodys, self._by_token = everybodys, by_token

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._handle(request)
        if response.status == 401:
            self._by_address.refused(request.remote)
        return response

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        callback = _PATH.fullmatch(request.rel_url.raw_path)
        if callback is None and (request.method in _READS or _clears(request)):
            blocked = self._blocked(request)
            if blocked is not None:
                return web.Response(
                    status=blocked.status, text=blocked.text, headers=blocked.headers
                )
            return await self._pages.answer(request)
        return await self._receive(request, callback)

    def _blocked(self, request: web.BaseRequest) -> AttemptAnswer | None:
        """The answer to an address that has guessed too often."""
        seconds = self._by_address.blocked_for(request.remote)
        if not seconds:
            return None
        return AttemptAnswer(429, _TOO_MANY, {hdrs.RETRY_AFTER: str(ceil(seconds))})

    def unreadable(self, sender: str | None, reason: str) -> None:
        """Record data that was not an HTTP request: it may have been a miner's attempt."""
        broken = f"not a readable request: {reason}"
        facts = AttemptFacts(
            method="?", path="?", token=None, secret="missing", fields={}, broken=broken
        )
        record = AttemptRecord(facts, self._rules.clock(), sender or "")
        self._tell(self._finish(record, AttemptAnswer(400, broken))[0])

    async def _receive(
        self, request: web.BaseRequest, callback: re.Match[str] | None
    ) -> web.StreamResponse:
        record = self._record(request, callback)
        check = self._body_check(request, record)
        refusal = self._blocked(request) or _refusal(
            record, callback, *self._header, signed=check is not None
        )
        if refusal is not None:
            delivered, answer = self._finish(record, refusal)
        else:
            delivered, answer = await self._let_in(request, record, check)
        try:
            return await _send(request, answer, self._rules.limits)
        finally:
            self._tell(delivered)

    async def _let_in(
        self, request: web.BaseRequest, record: AttemptRecord, check: BodyCheck | None
    ) -> tuple[Delivered, AttemptAnswer | None]:
        rules = self._rules
        nemesis, context = self._by_token.get(record.facts.token or "", self._everybodys)
        attempt = DeliveryAttempt(
            request,
            record,
            context=context,
            store=self._store,
            limits=rules.limits,
            redact=self._keys.redact,
            strict=rules.strict,
            fsync=rules.fsync,
            check=check,
            forwarder=self._forwarder,
            shape=rules.shape,
        )
        try:
            try:
                answer = await nemesis.receive(attempt)
            except LostError as lost:
                record.note(broken=str(lost), went_away=lost.went_away)
                answer = None
            delivered, decided = self._finish(record, answer or attempt.begun)
            return delivered, decided if answer is not None else None
        finally:
            attempt.discard()

    @property
    def _header(self) -> tuple[str, str]:
        """Where a callback proves its sender, and what that has to be."""
        scheme = self._rules.scheme
        if scheme is None:
            return self._rules.shape.header, "the secret of this callback"
        return scheme.header, "right, or too old"

    def _body_check(self, request: web.BaseRequest, record: AttemptRecord) -> BodyCheck | None:
        """Where signatures are demanded, what the body has to be compared with.

        Until that is done, or where the head alone decides it, the secret is not a match.
        """
        scheme = self._rules.scheme
        if scheme is None:
            return None
        record.note(secret="wrong", secret_owner=None)
        found = scheme.check(lambda name: request.headers.getall(name, []), self._rules.wall())
        if isinstance(found, BodyCheck):
            return found
        record.note(secret=found)
        return None

    def _record(self, request: web.BaseRequest, callback: re.Match[str] | None) -> AttemptRecord:
        token = callback[1] if callback else None
        headers = request.headers
        secret, owner = self._keys.verdict(token, headers.getall(self._rules.shape.header, []))
        facts = AttemptFacts(
            method=self._tidy(request.method),
            path=self._tidy(request.rel_url.raw_path),
            token=None if token is None else self._tidy(token),
            secret=secret,
            secret_owner=owner,
            fields={},
            content_type=self._tidy(headers.get(hdrs.CONTENT_TYPE, "")),
            user_agent=self._tidy(headers.get(hdrs.USER_AGENT, "")),
            delivery_id=self._tidy(headers.get(self._rules.shape.delivery_id or " ", "")),
        )
        return AttemptRecord(facts, self._rules.clock(), request.remote or "")

    def _finish(
        self, record: AttemptRecord, answer: AttemptAnswer | None
    ) -> tuple[Delivered, AttemptAnswer | None]:
        """Write the attempt to the journal and the list; it must not be answered before."""
        delivered, recorded = self._made(record, answer)
        line = encode(recorded)
        try:
            self._journal(line, refused=record.facts.secret != "match")
        except NotStoredError as full:
            answer = record.not_stored(full, self._store)
            delivered, recorded = self._made(record, answer)
            line = encode(recorded)
        self._index.add(recorded, line)
        return delivered, answer

    def _made(
        self, record: AttemptRecord, answer: AttemptAnswer | None
    ) -> tuple[Delivered, CallbackEntry]:
        delivered = record.delivered(self._index.last + 1, self._rules.clock(), answer)
        now = datetime.fromtimestamp(self._rules.wall(), UTC)
        return delivered, entry(
            delivered, now.isoformat(timespec="milliseconds"), record.sender, record.forwarded
        )

    def _journal(self, line: bytes, *, refused: bool) -> None:
        if refused:
            self._refused_bytes += len(line)
            if self._refused_bytes > self._rules.limits.refused_journal:
                return
        self._store.append(line)
        if self._rules.fsync:
            self._store.sync()

    def _tell(self, delivered: Delivered) -> None:
        if not self._rules.shape.is_notice(delivered.fields):
            self.waiters.delivered(delivered)
        self._emit(delivered)

    def _tidy(self, text: str) -> str:
        """The value of a header: without secrets, not too long, and valid Unicode."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        return self._keys.redact(text)[:300]


def _refusal(
    record: AttemptRecord, callback: re.Match[str] | None, header: str, due: str, *, signed: bool
) -> AttemptAnswer | None:
    """What a request gets that is not let in; None for a callback with the right secret, or with a
    signature that has to be compared with the body first."""
    if callback is None:
        return AttemptAnswer(404, "not found; callbacks go to POST /callback")
    if record.facts.method != hdrs.METH_POST:
        return AttemptAnswer(405, "callbacks are sent with POST", {hdrs.ALLOW: hdrs.METH_POST})
    if signed:
        return None
    if record.facts.secret == "missing":
        return AttemptAnswer(401, f"{header} is missing")
    if record.facts.secret != "match":
        return AttemptAnswer(401, f"{header} is not {due}")
    return None


def _clears(request: web.BaseRequest) -> bool:
    return request.method == hdrs.METH_DELETE and request.rel_url.raw_path == "/callbacks"


async def _send(
    request: web.BaseRequest, answer: AttemptAnswer | None, limits: Limits
) -> web.StreamResponse:
    """Send the answer; without one, end the connection."""
    if answer is None:
        if request.transport is not None:
            request.transport.abort()
        return Unsent()
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
        pass  # the journal has the decision; only the miner knows whether it arrived
    return response


async def _drain(request: web.BaseRequest, limits: Limits) -> None:
    """Let the sender finish, within limits: closing with unread bytes would destroy the answer.

    Of a body over the limit, only the start is read; then its sender has a moment to see the
    answer.
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

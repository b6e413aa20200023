"""The callback server: receives what miners deliver, stores it, and shows it live.

Runs inside the suite, or by itself: ``asyncproof callback-server``.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from asyncproof.history.events import Delivered, NemesisActed
from asyncproof.receiver.access import AllowedNetworks, ViewAccess
from asyncproof.receiver.address_limits import AddressLimits, AddressRules
from asyncproof.receiver.bodies import MULTIPART, CallbackShape
from asyncproof.receiver.cleaner import Cleaner
from asyncproof.receiver.control import Control, ControlRules
from asyncproof.receiver.dashboard.pages import Pages
from asyncproof.receiver.forwarder import PATIENCE, PAUSES, Forwarder
from asyncproof.receiver.http.handler import CallbackHandler, ReceiverRules
from asyncproof.receiver.http.listener import CallbackServerError, Listener
from asyncproof.receiver.http.nemesis_context import NemesisContext
from asyncproof.receiver.http.server import EVERYBODY, HttpServer
from asyncproof.receiver.keyring import Keyring
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.metrics import Metrics
from asyncproof.receiver.nemesis import QUIET, Nemesis
from asyncproof.receiver.notifier import Notifier
from asyncproof.receiver.signatures import UNPROVEN, sign_again, signature_scheme
from asyncproof.receiver.storage.index import CallbackIndex
from asyncproof.receiver.storage.outbox import Outbox
from asyncproof.receiver.storage.retention import Keep
from asyncproof.receiver.storage.store import Store

__all__ = ["CallbackServer", "CallbackServerError"]

NOBODY: Mapping[str, Nemesis] = MappingProxyType({})
DEFAULT_LIMITS = Limits()
NO_LIMITS = AddressRules()

Emit = Callable[[Delivered | NemesisActed], None]


class CallbackServer:
    """Receives callbacks at ``url``/callback and stores them in ``folder``.

    ``on_event`` is called in the server's event loop with everything that happens; ``clock`` gives
    the times in it, ``wall`` those in the journal. With ``strict``, callbacks that can be read but
    break the protocol are answered 422; with ``fsync`` an answered callback survives a power
    failure too. ``hosts`` are names, beside localhost and every IP address, under which the
    dashboard may be opened;
    ``access`` says who may open it (None: everybody), ``allowed`` who may connect at all.
    ``also`` are older secrets that are still accepted; ``signature`` says what callbacks must carry
    (``header``: the secret itself; see :mod:`asyncproof.receiver.signatures`).
    ``forward`` is the url of a consumer that callbacks are passed on to (see
    :mod:`asyncproof.receiver.forwarder`); it has ``forward_patience`` seconds to answer.
    ``notify`` is a command or a url that is told of damaged pictures (see
    :mod:`asyncproof.receiver.notifier`). Without ``keep`` nothing is ever removed; ``by_address``
    says what one address may take. ``control`` opens a second port for runs elsewhere. ``shape``
    says what a callback looks like. ``recall`` gives the secret of a token that was forgotten.
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
        wall: Callable[[], float] = time.time,
        limits: Limits = DEFAULT_LIMITS,
        strict: bool = False,
        fsync: bool = False,
        hosts: Collection[str] = (),
        access: ViewAccess | None = None,
        allowed: AllowedNetworks = EVERYBODY,
        tls: ssl.SSLContext | None = None,
        also: Sequence[str] = (),
        signature: str = "header",
        forward: str | None = None,
        forward_patience: float = PATIENCE,
        forward_pauses: Sequence[float] = PAUSES,
        notify: str | None = None,
        keep: Keep | None = None,
        by_address: AddressRules = NO_LIMITS,
        control: ControlRules | None = None,
        shape: CallbackShape = MULTIPART,
        recall: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = port
        self._nemesis = nemesis
        self._metrics = Metrics()
        self._listeners: list[Emit] = [self._metrics.note, *([on_event] if on_event else [])]
        self._notify, self.keep = notify, keep
        self._by_address = AddressLimits(by_address, clock)
        self._upkeep: list[asyncio.Task[None]] = []
        self._control_rules = control
        self._control_listener: Listener | None = None
        scheme = signature_scheme(signature, (secret, *also))
        self.forward = forward
        self._forward_patience, self._forward_pauses = forward_patience, forward_pauses
        self._own_secret = secret if scheme is None else None
        self._rules = ReceiverRules(limits, strict, fsync, clock, scheme, wall, shape)
        self._keys = Keyring(secret, also, recall, proven=signature != UNPROVEN)
        self._access, self._allowed, self._tls = access, allowed, tls
        if access is not None:
            self._keys.hide(access.token)
        self._past: list[NemesisContext] = []
        self._contexts: dict[Nemesis, NemesisContext] = {}
        self._hosts = {host.lower(), *(name.lower() for name in hosts)}

    @property
    def url(self) -> str:
        """Where the server can be reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def start(self) -> None:
        """Open the folder, load what earlier servers stored in it, and listen.

        Raises:
            CallbackServerError: the port is taken or the folder cannot be written to.
        """
        store = self._store = _opened(self.folder)
        limits = self._rules.limits
        index = CallbackIndex(limits)
        index.load(*store.earlier(limits.keep))
        self._pages = Pages(
            index,
            store.images,
            hosts=self._hosts,
            access=self._access,
            metrics=self._metrics,
            example=self._rules.shape.example,
        )
        self._forwarder = self._make_forwarder()
        self._handler = CallbackHandler(
            self._rules,
            keys=self._keys,
            store=store,
            index=index,
            pages=self._pages,
            emit=self._emit,
            forwarder=self._forwarder,
            by_address=self._by_address,
        )
        server = HttpServer(
            self._handler.handle,
            limits,
            self._handler.unreadable,
            self._allowed,
            self._by_address,
        )
        self._listener = Listener(
            self.host,
            self.port,
            server,
            server.drop_idle,
            tls=self._tls,
            handshake_seconds=limits.header_seconds,
        )
        try:
            self._listener.open()
        except CallbackServerError:
            store.close()
            raise
        await self._listener.ready()
        self.port = self._listener.port
        if self._forwarder is not None:
            await self._forwarder.start()
        self._begin_upkeep(store, index)
        self._begin(self._nemesis, NOBODY)
        await self._open_control()

    @property
    def control_url(self) -> str | None:
        """Where runs on other machines prepare this server; None: nowhere."""
        held = self._control_listener
        return None if held is None else f"{self.url.rpartition(':')[0]}:{held.port}"

    async def _open_control(self) -> None:
        """
        Raises:
            CallbackServerError: its port is taken.
        """
        rules, limits = self._control_rules, self._rules.limits
        if rules is None:
            return
        control = Control(self, rules, self._rules.clock, self._rules.wall)
        server = HttpServer(control.handle, limits, lambda _sender, _why: None, self._allowed)
        listener = Listener(
            self.host, rules.port, server, tls=self._tls, handshake_seconds=limits.header_seconds
        )
        try:
            listener.open()
        except CallbackServerError:
            await self.stop()
            raise
        await listener.ready()
        self._control_listener = listener
        self._listeners.append(control.note)

    def _begin_upkeep(self, store: Store, index: CallbackIndex) -> None:
        """Start what goes on beside the callbacks."""
        if self._notify is not None:
            notifier = Notifier(self._notify, self.folder, self._pages.judged)
            self._listeners.append(notifier)
            self._upkeep.append(asyncio.create_task(notifier.run()))
        if self.keep is not None:
            self._cleaner = Cleaner(store, index, self.keep, self._rules.wall)
            self._upkeep.append(asyncio.create_task(self._cleaner.run()))

    async def clean(self) -> None:
        """Remove what ``keep`` does not want now, and not only in an hour.

        Raises:
            OSError: something cannot be removed.
        """
        await self._cleaner.clean()

    def _emit(self, event: Delivered | NemesisActed) -> None:
        for listener in self._listeners:
            listener(event)

    async def stop(self) -> None:
        """Stop listening, end requests in progress, and close the files. Nothing is removed."""
        for task in self._upkeep:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)
        for context in self._contexts.values():
            context.close()
        self._pages.close()
        if self._control_listener is not None:
            await self._control_listener.close()
        await self._listener.close()
        for context in (*self._past, *self._contexts.values()):
            await context.closed()
        if self._forwarder is not None:
            await self._forwarder.close()
        self._store.close()

    def _make_forwarder(self) -> Forwarder | None:
        if self.forward is None:
            return None
        forwarder = Forwarder(
            self.forward,
            Outbox(self.folder / "outbox", fsync=self._rules.fsync),
            secret=self._own_secret,
            sign_again=partial(sign_again, self._rules.scheme),
            patience=self._forward_patience,
            pauses=self._forward_pauses,
        )
        self._metrics.forwarded = forwarder.outcomes
        self._metrics.outbox = lambda: forwarder.waiting
        return forwarder

    def expect(self, token: str, secret: str) -> None:
        """From now on, callbacks to ``/callback/<token>`` must carry this secret."""
        self._keys.expect(token, secret)

    def forget(self, token: str) -> None:
        """Keep nothing in memory about this token."""
        self._keys.forget(token)
        for context in self._contexts.values():
            context.forget(f"/callback/{token}")

    def use(self, nemesis: Nemesis, by_token: Mapping[str, Nemesis] = NOBODY) -> None:
        """Use this nemesis for all callbacks from now on; those before end.

        ``by_token`` has another one for callbacks to the urls of these tokens. Equal ones are one:
        it counts the callbacks to all of its urls.
        """
        for context in self._contexts.values():
            context.close()
        self._past += self._contexts.values()
        self._begin(nemesis, by_token)

    def _begin(self, nemesis: Nemesis, by_token: Mapping[str, Nemesis]) -> None:
        self._contexts = {
            each: NemesisContext(
                str(each),
                self._listener,
                self._rules.clock,
                self._emit,
                self._rules.shape.header,
            )
            for each in dict.fromkeys([nemesis, *by_token.values()])
        }
        theirs = {token: (each, self._contexts[each]) for token, each in by_token.items()}
        self._handler.use((nemesis, self._contexts[nemesis]), theirs)
        for each, context in self._contexts.items():
            each.begin(context)

    async def wait_for(self, key: str, timeout: float) -> Delivered:
        """The first delivery with the right secret for a token or a job id.

        Raises:
            TimeoutError: none came within ``timeout`` seconds; the message names the key.
        """
        return await self._handler.waiters.wait_for(key, timeout)


def _opened(folder: Path) -> Store:
    try:
        return Store(folder)
    except OSError as error:
        raise CallbackServerError(
            f"Callback server unavailable: cannot write to {folder} ({error.strerror}); "
            "make it writable or choose another folder"
        ) from error

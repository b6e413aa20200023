"""Lets a run on another machine prepare this server: secrets by token, and nemeses.

It listens on a port of its own, because a nemesis may close that of the callbacks, and answers
nobody without the view token, this machine included.
"""

import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs, web

from asyncproof.history.events import Delivered, NemesisActed
from asyncproof.receiver.nemesis import Nemesis

MOST_ACTS = 10_000
ORDERS, ACTS = "/orders", "/acts"


class NemesisOrder(msgspec.Struct, frozen=True):
    """A nemesis by the name of its class, with its settings."""

    name: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Orders(msgspec.Struct, frozen=True, omit_defaults=True):
    """``expect``: the secrets of tokens. ``nemesis`` for everybody (None: as it is), ``by_token``
    for some."""

    expect: dict[str, str] = msgspec.field(default_factory=dict)
    nemesis: NemesisOrder | None = None
    by_token: dict[str, NemesisOrder] = msgspec.field(default_factory=dict)


class RecordedAct(msgspec.Struct, frozen=True):
    """A hostile act, counted from 1, and the Unix time at which it happened."""

    number: int
    wall: float
    act: NemesisActed


def ordered(nemesis: Nemesis) -> NemesisOrder:
    """The order for a nemesis, which is a dataclass."""
    return NemesisOrder(type(nemesis).__name__, asdict(nemesis))  # type: ignore[call-overload]


class Controlled(Protocol):
    """The server, as far as it can be controlled."""

    def expect(self, token: str, secret: str) -> None: ...
    def use(self, nemesis: Nemesis, by_token: Mapping[str, Nemesis]) -> None: ...


@dataclass(frozen=True, slots=True)
class ControlRules:
    """On which port, with which token, and the nemeses that can be ordered, by name."""

    port: int
    token: str
    nemeses: Mapping[str, type[Nemesis]]


class Control:
    """Answers the requests of the control port. ``clock`` and ``wall`` are those of the server."""

    def __init__(
        self,
        server: Controlled,
        rules: ControlRules,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._server = server
        self._rules = rules
        self._clock = clock
        self._wall = wall
        self._acts: deque[RecordedAct] = deque(maxlen=MOST_ACTS)
        self._last = 0

    def note(self, event: Delivered | NemesisActed) -> None:
        """Keep a hostile act for whoever ordered it."""
        if isinstance(event, NemesisActed):
            self._last += 1
            wall = self._wall() - (self._clock() - event.at)
            self._acts.append(RecordedAct(self._last, wall, event))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        presented = request.headers.getall(hdrs.AUTHORIZATION, [])
        due = f"Bearer {self._rules.token}".encode()
        if len(presented) != 1 or not hmac.compare_digest(_bytes(presented[0]), due):
            return _text(401, "the view token is needed: Authorization: Bearer TOKEN")
        match request.method, request.rel_url.raw_path:
            case "POST", path if path == ORDERS:
                return await self._orders(request)
            case "GET", path if path == ACTS:
                return self._told(request.query.get("since", "0"))
        return _text(404, f"there are POST {ORDERS} and GET {ACTS}")

    async def _orders(self, request: web.BaseRequest) -> web.Response:
        try:
            orders = msgspec.json.decode(await request.read(), type=Orders)
            everybodys = None if orders.nemesis is None else self._nemesis(orders.nemesis)
            by_token = {token: self._nemesis(each) for token, each in orders.by_token.items()}
        except web.HTTPRequestEntityTooLarge:
            return _text(413, "too many orders in one request")
        except (msgspec.MsgspecError, ValueError) as error:
            return _text(400, f"these orders cannot be followed: {error}")
        for token, secret in orders.expect.items():
            self._server.expect(token, secret)
        if everybodys is not None:
            self._server.use(everybodys, by_token)
        return web.json_response({"acts": self._last})

    def _nemesis(self, order: NemesisOrder) -> Nemesis:
        """
        Raises:
            ValueError: there is no such nemesis, or it has no such setting.
        """
        kind = self._rules.nemeses.get(order.name)
        if kind is None:
            raise ValueError(f"there is no nemesis {order.name!r}")
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        if not order.settings.keys() <= known:
            raise ValueError(f"{order.name} has the settings {sorted(known)}")
        made: Nemesis = msgspec.convert(order.settings, kind)
        return made

    def _told(self, since: str) -> web.Response:
        if not (since.isascii() and since.isdecimal()):
            return _text(400, f"expected a number: {ACTS}?since=12")
        acts = [act for act in self._acts if act.number > int(since)]
        return web.Response(body=msgspec.json.encode(acts), content_type="application/json")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")

"""A callback server of somebody else that this run may prepare, as it does its own."""

from collections.abc import Mapping
from itertools import islice

import msgspec

from asyncproof.driver.http_client import HttpClient
from asyncproof.history.events import NemesisActed
from asyncproof.nemesis import Nemesis, Quiet
from asyncproof.receiver.control import ACTS, ORDERS, Orders, RecordedAct, ordered

AT_ONCE = 1000  # secrets in one request


class RemoteServerError(RuntimeError):
    """The control port does not do what it should; the message says why."""


class RemoteServer:
    """Speaks with the control port of a callback server. ``wall`` is as in the recorder."""

    def __init__(self, client: HttpClient, wall: float) -> None:
        self._client, self._wall = client, wall
        self._expected: dict[str, str] = {}
        self._seen = 0

    async def greet(self) -> None:
        """Begin without any nemesis, and leave earlier acts behind.

        Raises:
            RemoteServerError: it does not answer as it should.
        """
        await self.use(Quiet(), {})
        await self.acts()

    def expect(self, token: str, secret: str) -> None:
        """Announce a secret; it is sent with the next :meth:`use`."""
        self._expected[token] = secret

    async def use(self, nemesis: Nemesis, by_token: Mapping[str, Nemesis]) -> None:
        """
        Raises:
            RemoteServerError: the server could not be prepared.
        """
        waiting = iter(self._expected.items())
        while some := dict(islice(waiting, AT_ONCE)):
            await self._ask("POST", ORDERS, Orders(expect=some))
        self._expected.clear()
        theirs = {token: ordered(each) for token, each in by_token.items()}
        await self._ask("POST", ORDERS, Orders(nemesis=ordered(nemesis), by_token=theirs))

    async def acts(self) -> list[NemesisActed]:
        """The hostile acts since the last call, at their times on our clock.

        Raises:
            RemoteServerError: the server does not tell.
        """
        body = await self._ask("GET", f"{ACTS}?since={self._seen}")
        try:
            found = msgspec.json.decode(body, type=list[RecordedAct])
        except msgspec.MsgspecError as error:
            raise RemoteServerError(f"{ACTS} is no list of acts ({error})") from error
        self._seen = max([self._seen, *(each.number for each in found)])
        return [msgspec.structs.replace(each.act, at=each.wall - self._wall) for each in found]

    async def _ask(self, method: str, path: str, orders: Orders | None = None) -> bytes:
        body = None if orders is None else msgspec.json.encode(orders)
        answer = await self._client.ask(method, path, body, "application/json" if body else "")
        if answer.error or answer.status_code != 200:
            text = answer.body[:200].decode(errors="replace").strip()
            raise RemoteServerError(f"{method} {path}: {answer.error or answer.status_code} {text}")
        return answer.body

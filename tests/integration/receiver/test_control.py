"""The control port: a run on another machine prepares secrets and nemeses, and hears of acts."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner

from asyncproof.cli.callback_server import callback_server
from asyncproof.driver.http_client import HttpClient
from asyncproof.nemesis import ALL, AnswersError, ConnectionRefused, Nemesis, Quiet, Redirects, To
from asyncproof.receiver.control import ControlRules, NemesisOrder, ordered
from asyncproof.run.remote_server import RemoteServer, RemoteServerError
from tests.support.receiver_support import Response, Running, callback, get, post, running, send

TOKEN = "a-view-token-of-32-characters-!!"
RULES = ControlRules(0, TOKEN, {type(each).__name__: type(each) for each in ALL})
BEARER = f"Authorization: Bearer {TOKEN}"

T = TypeVar("T")


@pytest.fixture
def controlled(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "kept", control=RULES) as run:
        yield run


def remotely(
    run: Running, act: Callable[[RemoteServer], Awaitable[T]], token: str = TOKEN, wall: float = 0.0
) -> T:
    async def ask() -> T:
        url = run.server.control_url
        assert url is not None
        async with HttpClient.connected(url, time.monotonic, token) as client:
            return await act(RemoteServer(client, wall))

    return asyncio.run(ask())


def ask(run: Running, request: str, *lines: str, body: bytes = b"") -> Response | None:
    """A request to the control port, byte for byte."""
    url = run.server.control_url
    assert url is not None
    port = int(url.rpartition(":")[2])
    head = "\r\n".join([f"{request} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *lines])
    return send(_At(port), f"{head}\r\n\r\n".encode() + body)  # type: ignore[arg-type]


class _At:
    def __init__(self, port: int) -> None:
        self.address = ("127.0.0.1", port)


def test_a_nemesis_is_ordered_for_everybody_and_for_some(controlled: Running) -> None:
    async def order(remote: RemoteServer) -> None:
        remote.expect("tok", "its own secret")
        await remote.use(AnswersError(503, retry_after=2), {"tok": AnswersError(410)})

    remotely(controlled, order)

    assert post(controlled).status == 503
    assert post(controlled, path="/callback/tok", secret="its own secret").status == 410
    assert post(controlled, path="/callback/tok").status == 401
    remotely(controlled, lambda remote: remote.greet())
    assert post(controlled).status == 200


def test_acts_are_told_at_their_times_and_once(controlled: Running) -> None:
    began = time.time()

    async def act(remote: RemoteServer) -> tuple[list[str], list[float], int]:
        await remote.greet()
        await remote.use(AnswersError(500), {})
        await asyncio.to_thread(post, controlled)
        acts = await remote.acts()
        return [a.act for a in acts], [a.at for a in acts], len(await remote.acts())

    told, times, later = remotely(controlled, act, wall=began)

    assert told == ["answered 500"]
    assert -0.1 < times[0] < time.time() - began + 0.1
    assert later == 0


def test_a_closed_port_is_opened_again_through_the_control_port(controlled: Running) -> None:
    remotely(controlled, lambda remote: remote.use(ConnectionRefused(), {}))
    with pytest.raises(ConnectionRefusedError):
        post(controlled)

    remotely(controlled, lambda remote: remote.use(Quiet(), {}))
    assert post(controlled).status == 200


@pytest.mark.parametrize("nemesis", ALL, ids=str)
def test_every_nemesis_can_be_ordered(
    controlled: Running, nemesis: Nemesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Nemesis] = []
    original = controlled.server.use

    def use(everybodys: Nemesis, by_token: Mapping[str, Nemesis]) -> None:
        used.append(everybodys)
        original(everybodys, by_token)

    monkeypatch.setattr(controlled.server, "use", use)

    remotely(controlled, lambda remote: remote.use(nemesis, {}))

    assert used == [nemesis]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Authorization: Bearer wrong",),
        (f"Authorization: {TOKEN}",),
        (BEARER, BEARER),
        (f"Cookie: asyncproof_view={TOKEN}",),
    ],
)
def test_nobody_gets_in_without_the_token(controlled: Running, lines: tuple[str, ...]) -> None:
    orders = json.dumps({"expect": {"tok": "stolen"}}).encode()

    for request, body in (("POST /orders", orders), ("GET /acts", b""), ("GET /", b"")):
        answer = ask(controlled, request, *lines, body=body)
        assert answer is not None
        assert answer.status in (400, 401)
    assert post(controlled, path="/callback/tok", secret="stolen").status == 401
    assert ask(controlled, f"GET /acts?token={TOKEN}").status == 401  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "cannot be followed"),
        (b"[]", 400, "cannot be followed"),
        (b"\xff", 400, "cannot be followed"),
        (b'{"nemesis": {"name": "Exit"}}', 400, "no nemesis 'Exit'"),
        (b'{"nemesis": {"name": "__class__"}}', 400, "no nemesis"),
        (b'{"nemesis": {"name": "AnswersError", "settings": {"statu": 1}}}', 400, "'status'"),
        (b'{"nemesis": {"name": "AnswersError", "settings": {"status": "x"}}}', 400, "int"),
        (b'{"nemesis": {"name": "AnswersError"}}', 400, "status"),
        (b'{"expect": {"tok": 5}}', 400, "str"),
        (b'{"x": "' + b"a" * 2_000_000 + b'"}', 413, "too many"),
    ],
)
def test_orders_that_make_no_sense_change_nothing(
    controlled: Running, body: bytes, status: int, told: str
) -> None:
    answer = ask(controlled, "POST /orders", BEARER, body=body)

    assert answer is not None
    assert (answer.status, told in answer.text) == (status, True)
    assert post(controlled).status == 200


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /orders", 404), ("POST /acts", 404), ("GET /acts?since=x", 400), ("GET /acts", 200)],
)
def test_other_requests(controlled: Running, request_line: str, status: int) -> None:
    answer = ask(controlled, request_line, BEARER)

    assert answer is not None
    assert answer.status == status


def test_many_secrets_are_announced_in_parts(controlled: Running) -> None:
    async def announce(remote: RemoteServer) -> None:
        for n in range(20_000):
            remote.expect(f"token-{n}", f"secret-{n:040}")
        await remote.use(Quiet(), {})

    remotely(controlled, announce)

    for n in (0, 19_999):
        assert post(controlled, path=f"/callback/token-{n}", secret=f"secret-{n:040}").status == 200


def test_a_wrong_token_and_a_wrong_url_are_told(controlled: Running) -> None:
    with pytest.raises(RemoteServerError, match="401 the view token is needed"):
        remotely(controlled, lambda remote: remote.greet(), token="wrong")


def test_an_order_names_the_settings_of_its_nemesis() -> None:
    assert ordered(Redirects(307, To.OTHER_HOST)) == NemesisOrder(
        "Redirects", {"status": 307, "to": "other host"}
    )


def test_without_the_option_there_is_no_control_port(receiver: Running) -> None:
    assert receiver.server.control_url is None
    assert get(receiver, "/acts").status == 404
    assert post(receiver, callback(), path="/orders").status == 404


def test_a_taken_control_port_is_named(controlled: Running, tmp_path: Path) -> None:
    url = controlled.server.control_url
    assert url is not None
    port = url.rpartition(":")[2]
    arguments = ["--host=127.0.0.1", "--port=0", f"--folder={tmp_path / 'x'}"]
    guarded = [*arguments, f"--view-token={TOKEN}"]

    taken = CliRunner().invoke(callback_server, [*guarded, f"--control-port={port}"])
    without = CliRunner().invoke(callback_server, [*arguments, "--control-port=0"])

    assert (taken.exit_code, without.exit_code) == (3, 2)
    assert f"port {port} on 127.0.0.1 is taken" in taken.output
    assert "--control-port needs a --view-token" in without.output

"""Who may connect to the callback server, and who may look at what it received."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.cli.callback_server import callback_server
from asyncproof.driver.http_client import HttpClient
from asyncproof.history.events import Delivered, File
from asyncproof.receiver.access import (
    AllowedNetworks,
    ViewAccess,
    Viewer,
    cookies_named,
    is_loopback,
    network,
    tls_context,
    view_access,
)
from asyncproof.run.external_callbacks import ExternalCallbacks, ExternalCallbacksError
from tests.support.certificates import certificate
from tests.support.receiver_support import (
    DEADLINE,
    Response,
    Running,
    answer_of,
    callback,
    connect,
    get,
    head,
    post,
    running,
)

TOKEN = "a-view-token-of-32-characters-!!"
HOST = "Host: localhost"
READABLE = [
    "/",
    "/callbacks",
    "/callbacks/job-1",
    "/events",
    "/images/job-1.png",
    "/nothing",
    "/job?id=job-1",
    "/regions/job-1.png",
    "/looks/job-1.png",
    "/openapi.json",
    "/metrics",
]
ACCESS = ViewAccess(TOKEN, local_is_free=True)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Running]:
    """A server that demands the token from everybody, this machine included."""
    with running(tmp_path / "kept", access=view_access(TOKEN)) as run:
        post(run)
        yield run


@pytest.mark.parametrize("path", READABLE)
@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Authorization: Bearer wrong",),
        (f"Authorization: Basic {TOKEN}",),
        (f"Authorization: {TOKEN}",),
        (f"Authorization: Bearer {TOKEN}x",),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer x"),
        (f"X-View-Token: {TOKEN}",),
        (f"X-Callback-Secret: {TOKEN}",),
        ("X-Forwarded-For: 127.0.0.1",),
        (f"Cookie: token={TOKEN}",),
        ("Cookie: ;;=;\xff\xfe=\x01;asyncproof_view",),
    ],
)
def test_without_the_token_nothing_can_be_read(
    guarded: Running, path: str, lines: tuple[str, ...]
) -> None:
    response = get(guarded, path, HOST, *lines)

    assert response.status in (400, 401)
    assert "job-1" not in response.text
    assert TOKEN not in response.text


@pytest.mark.parametrize(
    "query",
    [
        "token=",
        "token=x",
        f"token={TOKEN}&token=x",
        f"token={TOKEN}&token={TOKEN}",
        "token=%ff%00",
        "token=%ED%A0%80",
        f"Token={TOKEN}",
        f"token[]={TOKEN}",
    ],
)
def test_a_token_that_is_none_or_comes_twice_opens_nothing(guarded: Running, query: str) -> None:
    assert get(guarded, f"/callbacks?{query}").status == 401


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/callbacks", (f"Authorization: Bearer {TOKEN}",)),
        ("/callbacks", (f"authorization: bearer   {TOKEN} ",)),
        (f"/callbacks?token={TOKEN}", ()),
        (f"/callbacks?since=0&token={TOKEN}", ()),
    ],
)
def test_the_token_opens_the_list(guarded: Running, path: str, lines: tuple[str, ...]) -> None:
    assert [e["job_id"] for e in get(guarded, path, HOST, *lines).json] == ["job-1"]


def test_the_ready_link_leaves_a_cookie_that_no_script_reads(guarded: Running) -> None:
    login = get(guarded, f"/?token={TOKEN}")

    name, _, rest = login.headers["set-cookie"].partition("=")
    value, *flags = rest.split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert name.endswith(str(guarded.server.port))
    assert TOKEN not in login.text + login.headers["set-cookie"]
    rubbish = f"Cookie: ;;a=b=c;{name}=old; =;{name}={value} ;x"
    assert get(guarded, "/callbacks", HOST, rubbish).status == 200
    assert get(guarded, "/", HOST, f"Cookie: {name}={value}").text.startswith("<!doctype html>")
    assert get(guarded, "/callbacks", HOST, f"Cookie: {name}={value[:-1]}").status == 401
    assert get(guarded, "/callbacks", HOST, f"Cookie: {name}={TOKEN}").status == 401


def test_a_token_does_not_let_foreign_pages_read(guarded: Running) -> None:
    evil = ("Host: localhost", "Origin: http://evil.example", f"Authorization: Bearer {TOKEN}")

    assert get(guarded, "/callbacks", *evil).status == 403


def test_miners_need_no_view_token(guarded: Running) -> None:
    assert post(guarded, callback("job-2")).status == 200


def test_the_token_is_never_recorded(guarded: Running, caplog: pytest.LogCaptureFixture) -> None:
    post(guarded, callback(TOKEN), f"User-Agent: {TOKEN}", path=f"/callback?token={TOKEN}")
    post(guarded, path=f"/callbacks?token={TOKEN}", method="PUT")
    post(guarded, path=f"/callback/{TOKEN}", secret="wrong")

    kept = (guarded.folder / "journal.ndjson").read_text()
    assert kept.count("\n") == 4
    assert TOKEN not in kept
    assert TOKEN not in caplog.text
    assert not [name for name in guarded.files() if TOKEN in name]


def test_this_machine_looks_without_the_token_and_what_a_proxy_forwards_does_not(
    tmp_path: Path,
) -> None:
    """``/callbacks`` is documented to be readable where the server runs, with no further word."""
    with running(tmp_path / "kept", host="0.0.0.0", access=view_access(None)) as run:
        post(run)
        assert [e["job_id"] for e in get(run, "/callbacks").json] == ["job-1"]
        for line in ("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x"):
            assert get(run, "/callbacks", HOST, line).status == 401


@pytest.mark.parametrize(
    ("viewer", "free"),
    [
        (Viewer("127.0.0.1", "127.0.0.1"), True),
        (Viewer("127.9.9.9", "127.0.0.1"), True),
        (Viewer("::1", "::1"), True),
        (Viewer("::ffff:127.0.0.1", "::ffff:127.0.0.1"), True),
        (Viewer("192.0.2.7", "192.0.2.7"), True),
        (Viewer("::ffff:192.0.2.7", "192.0.2.7"), True),
        (Viewer("fe80::1%eth0", "fe80::1%eth0"), True),
        (Viewer("192.0.2.7", "192.0.2.8"), False),
        (Viewer("::ffff:192.0.2.7", "::ffff:192.0.2.8"), False),
        (Viewer("172.17.0.1", "172.17.0.2"), False),
        (Viewer("127.0.0.1", "127.0.0.1", forwarded=True), False),
        (Viewer("localhost", "localhost"), False),
        (Viewer(None, None), False),
        (Viewer("", ""), False),
    ],
)
def test_only_this_machine_is_free(viewer: Viewer, free: bool) -> None:
    assert ACCESS.permits(viewer) is free
    assert not view_access(TOKEN).permits(viewer)


def test_each_start_makes_another_token() -> None:
    one, two = view_access(None), view_access(None)

    assert one.token != two.token
    assert len(one.token) >= 32
    assert one.cookie not in (one.token, two.cookie)


@given(st.text(), st.text())
def test_no_other_text_is_the_token(bearer: str, cookie: str) -> None:
    viewer = Viewer("192.0.2.7", "192.0.2.8", False, [bearer], [bearer], [cookie])

    assert ACCESS.permits(viewer) is (bearer == TOKEN or cookie == ACCESS.cookie)


@given(st.text())
def test_any_cookie_header_can_be_read(header: str) -> None:
    assert all(";" not in value for value in cookies_named("a", [header]))
    assert cookies_named("a", [header, "a=1"])[-1] == "1"


@pytest.mark.parametrize(
    ("networks", "peer", "admitted"),
    [
        ([], "192.0.2.7", True),
        ([], None, True),
        (["192.0.2.0/24"], "192.0.2.7", True),
        (["192.0.2.0/24"], "::ffff:192.0.2.7", True),
        (["::ffff:192.0.2.0/120"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.9/24"], "192.0.2.7", True),
        (["2001:db8::/32", "192.0.2.0/24"], "2001:db8::7", True),
        (["192.0.2.0/24"], "192.0.3.7", False),
        (["192.0.2.0/24"], "::ffff:192.0.3.7", False),
        (["192.0.2.0/24"], "127.0.0.1", False),
        (["0.0.0.0/0"], "2001:db8::7", False),
        (["192.0.2.0/24"], None, False),
        (["192.0.2.0/24"], "somebody", False),
    ],
)
def test_networks_are_compared_as_addresses(
    networks: list[str], peer: str | None, admitted: bool
) -> None:
    assert AllowedNetworks(tuple(map(network, networks))).admit(peer) is admitted


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2.0/33", "192.0.2", "*", "a/b"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        network(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "runner.example"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_who_is_not_in_an_allowed_network_is_not_heard(tmp_path: Path) -> None:
    with running(tmp_path / "kept", allowed=AllowedNetworks((network("192.0.2.0/24"),))) as run:
        with connect(run) as sock:
            lines = f"GET /callbacks HTTP/1.1\r\n{HOST}\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
            try:
                sock.sendall(lines.encode())
                answer = answer_of(sock)
            except ConnectionError:
                answer = None
        assert answer is None
        assert (run.folder / "journal.ndjson").read_bytes() == b""
    with running(tmp_path / "kept", allowed=AllowedNetworks((network("127.0.0.0/8"),))) as run:
        assert post(run).status == 200


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    return certificate(tmp_path_factory.mktemp("tls"))


def secure(run: Running, cert: Path, data: bytes) -> Response | None:
    context = ssl.create_default_context(cafile=str(cert))
    with (
        socket.create_connection(run.address, timeout=DEADLINE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as sock,
    ):
        sock.sendall(data)
        return answer_of(sock)


def test_callbacks_and_pages_come_over_tls(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    with running(tmp_path / "kept", tls=tls_context(*pair), access=view_access(TOKEN)) as run:
        assert run.server.url.startswith("https://")
        body = callback()
        delivered = secure(run, pair[0], head(len(body)) + body)
        page = f"GET /?token={TOKEN} HTTP/1.1\r\n{HOST}\r\n\r\n".encode()
        login = secure(run, pair[0], page)

        assert delivered is not None
        assert delivered.status == 200
        assert (run.folder / "images/job-1.png").exists()
        assert login is not None
        assert "Secure" in login.headers["set-cookie"].split("; ")


def test_a_plain_request_to_a_tls_port_is_no_news(
    tmp_path: Path, pair: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "kept", tls=tls_context(*pair)) as run:
        for data in (head(0), b"\x16\x03\x01\xff\xff", b""):
            with connect(run) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionError):
                    assert sock.recv(100)[:4] != b"HTTP"
        assert (run.folder / "journal.ndjson").read_bytes() == b""
    assert [r.getMessage() for r in caplog.records if r.levelname != "DEBUG"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--view-token", "short"], "at least 16 printable characters"),
        (["--view-token", "a\nb" * 20], "at least 16 printable characters"),
        (["--view-token", TOKEN, "--no-view-token"], "exclude each other"),
        (["--allow-ip", "everybody"], "use for example 192.0.2.0/24"),
        (["--cert", "cert.pem"], "needed together"),
        (["--key", "key.pem"], "needed together"),
        (["--cert", "no.pem", "--key", "no.pem"], "cannot be used as a certificate"),
    ],
)
def test_what_cannot_be_used_is_refused_at_start(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(callback_server, arguments)

    assert result.exit_code == 2
    assert told in result.output
    assert TOKEN not in result.output


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    key = serialization.load_pem_private_key(pair[1].read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"1234"),
        )
    )
    with pytest.raises(ssl.SSLError):
        tls_context(pair[0], locked)


def read_from(run: Running, token: str | None) -> list[Delivered]:
    """What the suite learns from this server where it is an external one."""

    async def keep(content: bytes, content_type: str) -> File:
        return File(path="kept", sha256="", size=len(content), content_type=content_type)

    async def ask() -> list[Delivered]:
        async with HttpClient.connected(run.server.url, time.monotonic, token) as client:
            return await ExternalCallbacks(client, 0.0, keep).new()

    return asyncio.run(ask())


def test_the_suite_presents_its_token_to_an_external_server(guarded: Running) -> None:
    [delivered] = read_from(guarded, TOKEN)

    assert delivered.image is not None
    assert delivered.image.size > 1000


@pytest.mark.parametrize("token", [None, "wrong"])
def test_the_suite_says_what_to_set_where_a_token_is_missing(
    guarded: Running, token: str | None
) -> None:
    with pytest.raises(ExternalCallbacksError, match="set ASYNC_CALLBACK_VIEW_TOKEN"):
        read_from(guarded, token)


def test_the_command_prints_a_ready_link_once_and_never_a_given_token(tmp_path: Path) -> None:
    for arguments in ([], ["--view-token", TOKEN]):
        command = [sys.executable, "-u", "-m", "asyncproof", "callback-server", *arguments]
        where = ["--host", "0.0.0.0", "--port", "0", "--folder", str(tmp_path)]
        with subprocess.Popen([*command, *where], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(4 if arguments else 5)]
            server.terminate()
            told = "".join([*lines, server.stdout.read()])
        assert TOKEN not in told
        assert told.count("/?token=") == (0 if arguments else 1)

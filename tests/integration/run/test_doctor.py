"""What keeps a run from working is found before it, on real sockets, with what to set."""

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncproof.cli.doctor import doctor
from asyncproof.run.doctor import examine
from asyncproof.run.doctor_advice import (
    OwnAddresses,
    SetupAdvice,
    SetupHealth,
    address,
    callback_url,
    clock,
)
from asyncproof.settings import Settings
from tests.support.certificates import certificate
from tests.support.miners import forked_miner

OK, WARNING = SetupHealth.OK, SetupHealth.WARNING
TROUBLE, UNKNOWN = SetupHealth.TROUBLE, SetupHealth.UNKNOWN
QUICK = {
    "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
    "ASYNC_IMAGE_SIZE": "64x64",
    "ASYNC_STEPS": "2",
    "ASYNC_POLL_INTERVAL": "0.05",
}


def settings(**more: str) -> Settings:
    return Settings().override_variables(QUICK | more)


def found(url: str, **more: str) -> dict[str, SetupAdvice]:
    return {each.what: each for each in examine(settings(**more), url)}


def healths(advice: Mapping[str, SetupAdvice]) -> dict[str, SetupHealth]:
    return {what: each.health for what, each in advice.items()}


def test_a_miner_that_can_be_tested() -> None:
    with forked_miner(["--job-seconds", "0.1"]) as url:
        advice = found(url)

    assert healths(advice) == dict.fromkeys(
        ["miner's name", "connection", "miner", "clock", "callback url", "one job", "its callback"],
        OK,
    )
    assert "64x64 in 2 steps" in advice["one job"].told
    assert not any(each.cures for each in advice.values())


def test_a_name_without_an_address() -> None:
    advice = found("http://no-such-host.invalid:8091")

    assert healths(advice) == {"miner's name": TROUBLE}
    assert "ASYNC_MINER_URL" in advice["miner's name"].cures[0]


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_nobody_listens() -> None:
    with closed_port() as port:
        advice = found(f"http://127.0.0.1:{port}")

    assert healths(advice) == {"miner's name": OK, "connection": TROUBLE}
    assert advice["connection"].told == f"port {port}: 127.0.0.1 refuses connections"


def test_a_name_of_two_addresses_of_which_one_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As localhost is, where the miner listens on IPv4 only and clients try IPv6 first."""
    original = socket.getaddrinfo

    def both(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "two.test":
            return original(host, port, *args, **more)
        first = original("127.0.0.2", port, *args, **more)
        return [*first, *original("127.0.0.1", port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with forked_miner() as url:
        port = url.rpartition(":")[2]
        advice = found(f"http://two.test:{port}")

    assert advice["connection"].health is WARNING
    assert "127.0.0.2 refuses connections" in advice["connection"].told
    assert advice["connection"].cures == (f"set ASYNC_MINER_URL=http://127.0.0.1:{port}",)


@contextmanager
def server(
    headers: Sequence[tuple[str, str]] = (), context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Something that answers every GET with JSON, and every POST with 404 and a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}')

        def do_POST(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield listening.server_port
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_a_web_server_that_is_no_miner() -> None:
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().split(b"port ")[1].split()[0].decode()
            advice = found(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
    assert advice["miner"].health is TROUBLE
    assert "is no miner" in advice["miner"].told


@pytest.fixture
def secure(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context, cert


def test_a_certificate_that_nobody_knows(secure: tuple[ssl.SSLContext, Path]) -> None:
    with server(context=secure[0]) as port:
        advice = found(f"https://localhost:{port}")

    assert advice["TLS"].health is TROUBLE
    assert "not trusted" in advice["TLS"].told
    assert "SSL_CERT_FILE" in advice["TLS"].cures[0]


def test_a_certificate_that_is_known(
    secure: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure[1]))
    with server(context=secure[0]) as port:
        good = found(f"https://localhost:{port}")
        plain = found(f"http://localhost:{port}")

    assert good["TLS"].health is OK
    assert good["TLS"].told.startswith("TLSv1")
    assert plain["miner"].health is TROUBLE
    assert plain["miner"].cures == (f"set ASYNC_MINER_URL=https://localhost:{port}",)


def test_https_to_a_port_without_it() -> None:
    with server() as port:
        advice = found(f"https://127.0.0.1:{port}")

    assert advice["TLS"].health is TROUBLE
    assert advice["TLS"].cures == (f"set ASYNC_MINER_URL=http://127.0.0.1:{port}",)


@pytest.mark.parametrize(
    ("ahead", "health", "told"),
    [(0, OK, "agrees"), (-90, WARNING, "behind ours"), (400, TROUBLE, "has expired on arrival")],
)
def test_the_clock_of_the_miner(ahead: float, health: SetupHealth, told: str) -> None:
    """With expiries of 5 minutes."""
    with server([("Date", formatdate(time.time() + ahead, usegmt=True))]) as port:
        advice = found(f"http://127.0.0.1:{port}", ASYNC_JOB_TIMEOUT="0.1")

    assert advice["clock"].health is health
    assert told in advice["clock"].told


@pytest.mark.parametrize("headers", [[], [("Date", "yesterday")]])
def test_a_miner_without_a_clock(headers: list[tuple[str, str]]) -> None:
    with server(headers) as port:
        assert found(f"http://127.0.0.1:{port}")["clock"].health is UNKNOWN


def test_a_clock_that_is_far_ahead_says_which_expiry_would_do() -> None:
    assert clock(settings(), 400.0).cures[1] == "or set ASYNC_EXPIRY_MINUTES=12"


OWN = OwnAddresses(
    "192.0.2.7", {"lo": ["127.0.0.1", "::1"], "eth0": ["192.0.2.7"], "docker0": ["172.18.0.1"]}
)


@pytest.mark.parametrize(
    ("base", "bind", "miner", "health", "cure"),
    [
        ("http://127.0.0.1:8092", "0.0.0.0", "127.0.0.1", OK, None),
        (
            "http://127.0.0.1:8092", "0.0.0.0", "192.0.2.99", TROUBLE,
            "set ASYNC_CALLBACK_BASE_URL=http://192.0.2.7:8092 ASYNC_CALLBACK_BIND_HOST=0.0.0.0",
        ),
        ("http://192.0.2.7:8092", "127.0.0.1", "192.0.2.99", TROUBLE,
         "set ASYNC_CALLBACK_BIND_HOST=0.0.0.0"),
        ("http://192.0.2.7:8092", "0.0.0.0", "192.0.2.99", OK, None),
        ("http://192.0.2.8:8092", "0.0.0.0", "192.0.2.99", WARNING,
         "set ASYNC_CALLBACK_BASE_URL=http://192.0.2.7:8092 ASYNC_CALLBACK_BIND_HOST=0.0.0.0"),
        ("https://proxy.example", "0.0.0.0", "192.0.2.99", OK, None),
    ],
)  # fmt: skip
def test_a_callback_url_that_the_miner_cannot_know_as_ours(
    base: str, bind: str, miner: str, health: SetupHealth, cure: str | None
) -> None:
    chosen = settings(ASYNC_CALLBACK_BASE_URL=base, ASYNC_CALLBACK_BIND_HOST=bind)

    advice = callback_url(chosen, OWN, [miner])

    assert advice.health is health
    assert advice.cures == (() if cure is None else (cure,))


def test_an_address_of_ipv6_is_named_as_urls_name_it() -> None:
    assert address(settings(), "2001:db8::1") == (
        "set ASYNC_CALLBACK_BASE_URL=http://[2001:db8::1]:0 ASYNC_CALLBACK_BIND_HOST=::"
    )


def test_a_callback_that_cannot_arrive_is_explained_by_what_the_miner_says() -> None:
    """As from a container: the url names an address at which nobody listens."""
    with forked_miner(["--job-seconds", "0.1"]) as url:
        advice = found(
            url,
            ASYNC_CALLBACK_BASE_URL="http://127.0.0.2:0",
            ASYNC_CALLBACK_BIND_HOST="127.0.0.1",
            ASYNC_CALLBACK_TIMEOUT="2",
        )

    assert advice["one job"].health is OK
    assert advice["its callback"].health is TROUBLE
    assert "the miner reports" in advice["its callback"].told
    assert "in a container here: set ASYNC_CALLBACK_BASE_URL=http://" in str(
        advice["its callback"].cures
    )


@pytest.mark.parametrize(
    ("fault", "what", "told"),
    [
        ("secret-missing", "its callback", "its secret is missing"),
        ("hang:42", "one job", "it did not end"),
    ],
)
def test_a_job_that_does_not_work(fault: str, what: str, told: str) -> None:
    with forked_miner(["--job-seconds", "0.1", "--fault", fault]) as url:
        advice = found(url, ASYNC_JOB_TIMEOUT="2", ASYNC_CALLBACK_TIMEOUT="1")

    assert advice[what].health is TROUBLE
    assert told in advice[what].told


def test_a_job_that_is_not_accepted_names_what_to_check() -> None:
    with server() as port:
        advice = found(f"http://127.0.0.1:{port}")

    assert advice["one job"].told.startswith("it was not accepted: 404")
    assert "check ASYNC_IMAGE_SIZE (now 64x64)" in advice["one job"].cures


def test_the_command_prints_what_it_found_and_exits_accordingly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    good = CliRunner().invoke(doctor, ["--miner=reference"])
    with closed_port() as port:
        bad = CliRunner().invoke(doctor, [f"--miner=http://127.0.0.1:{port}"])
    wrong = CliRunner().invoke(doctor, ["--size=huge"])

    assert (good.exit_code, bad.exit_code, wrong.exit_code) == (0, 3, 2)
    assert good.output.endswith("A run can work.\n")
    assert "ok       its callback" in good.output
    assert bad.output.splitlines()[1].startswith("trouble  connection")
    assert bad.output.splitlines()[2].strip() == "start the miner"

"""Who is slow, silent or too many is shown out; who delivers is not delayed by it."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncproof.receiver.limits import MIB, Limits
from tests.support.receiver_support import (
    DEADLINE,
    PNG,
    Running,
    answer_of,
    callback,
    connect,
    get,
    head,
    post,
    running,
)

IMPATIENT = Limits(header_seconds=0.3, idle_seconds=0.5, body_grace=0.3, body_rate=100_000)


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "kept", limits=IMPATIENT) as run:
        yield run


def is_closed(sock: socket.socket) -> bool:
    """Whether the server closes the connection, within the test's deadline, without a word."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def drip(sock: socket.socket, data: bytes, every: float = 0.05) -> None:
    """Send byte by byte until the other side has had enough."""
    with contextlib.suppress(ConnectionError):
        for n in range(len(data)):
            sock.sendall(data[n : n + 1])
            time.sleep(every)


def test_who_says_nothing_is_shown_out(impatient: Running) -> None:
    with connect(impatient) as sock:
        assert is_closed(sock)


def test_a_dripped_head_is_cut_off(impatient: Running) -> None:
    with connect(impatient) as sock:
        drip(sock, head(10)[:40])
        assert is_closed(sock)
    assert impatient.events == []


def test_a_kept_connection_has_its_pause(impatient: Running) -> None:
    with connect(impatient) as sock:
        body = callback()
        sock.sendall(head(len(body)) + body)
        assert answer_of(sock) is not None
        assert is_closed(sock)


@pytest.mark.parametrize("sent", [0, 200])
def test_a_stalled_body_is_answered_408(impatient: Running, sent: int) -> None:
    body = callback()
    with connect(impatient) as sock:
        sock.sendall(head(len(body)) + body[:sent])
        response = answer_of(sock)
    assert response is not None
    assert response.status == 408
    assert impatient.delivery().broken.startswith(f"the body arrived too slowly: {sent} bytes")
    assert impatient.images() == set()


def test_a_dripped_body_is_cut_off(impatient: Running) -> None:
    body = callback()
    with connect(impatient) as sock:
        sock.sendall(head(len(body)))
        drip(sock, body[:60], every=0.02)
        response = answer_of(sock)
    assert response is None or response.status == 408
    assert impatient.delivery().answered == 408


def test_a_body_that_keeps_ahead_of_the_line_is_taken(tmp_path: Path) -> None:
    body = callback(image=PNG * 20)
    with (
        running(tmp_path / "kept", limits=Limits(body_grace=5, body_rate=20_000)) as run,
        connect(run) as sock,
    ):
        sock.sendall(head(len(body)))
        for n in range(0, len(body), 10_000):
            sock.sendall(body[n : n + 10_000])
            time.sleep(0.05)
        response = answer_of(sock)
        assert response is not None
        assert response.status == 200


def test_a_body_shorter_than_its_length_leaves_nothing(impatient: Running) -> None:
    body = callback()
    with connect(impatient) as sock:
        sock.sendall(head(len(body) + 100) + body[:-60])
    assert impatient.delivery().answered is None
    assert "the connection was lost" in impatient.delivery().broken
    assert impatient.images() == set()
    assert not [p for p in impatient.files() if p.endswith(".part")]


def test_five_hundred_idle_connections_do_not_keep_a_callback_out(tmp_path: Path) -> None:
    with contextlib.ExitStack() as crowd:
        limits = Limits(connections=200)
        run = crowd.enter_context(running(tmp_path / "kept", limits=limits))
        idle = [crowd.enter_context(connect(run)) for _ in range(500)]
        assert post(run).status == 200
        assert is_closed(idle[0])
        assert get(run, "/callbacks").json[0]["job_id"] == "job-1"


def test_a_callback_under_way_is_not_the_one_to_go(tmp_path: Path) -> None:
    body = callback()
    with contextlib.ExitStack() as crowd:
        run = crowd.enter_context(running(tmp_path / "kept", limits=Limits(connections=20)))
        sock = crowd.enter_context(connect(run))
        sock.sendall(head(len(body), "Expect: 100-continue"))
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        for _ in range(60):
            crowd.enter_context(connect(run))
        sock.sendall(body)
        response = answer_of(sock)
        assert response is not None
        assert response.status == 200


def test_one_slow_sender_never_delays_another(tmp_path: Path) -> None:
    body = callback(image=PNG * 2000)
    with running(tmp_path / "kept") as run, contextlib.ExitStack() as slow:
        for _ in range(20):
            sock = slow.enter_context(connect(run))
            sock.sendall(head(len(body)) + body[:100_000])
        began = time.monotonic()
        for n in range(20):
            assert post(run, callback(f"fast-{n}")).status == 200
        assert time.monotonic() - began < DEADLINE


def test_who_does_not_read_an_answer_holds_up_nobody(tmp_path: Path) -> None:
    limits = Limits(keep_bytes=8 * MIB)
    with running(tmp_path / "kept", limits=limits) as run, contextlib.ExitStack() as deaf:
        post(run, callback("big" * 60_000, image=None))
        for _ in range(20):
            sock = deaf.enter_context(connect(run))
            sock.sendall(b"GET /callbacks HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        assert post(run).status == 200

"""Random requests, whole and damaged, on real sockets: never a 5xx, never a stray file."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.async_inference.receiver.limits import Limits
from tests.unit.async_inference.receiver_support import (
    SECRET,
    Response,
    Running,
    answer_of,
    callback,
    connect,
    form,
    get,
    head,
    part,
    post,
    running,
)

LIMITS = Limits(header_seconds=0.2, body_grace=0.2, idle_seconds=0.2)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("fuzz") / "kept", limits=LIMITS) as run:
        yield run
        is_well(run)


def throw(run: Running, data: bytes, *, hang_up: bool) -> Response | None:
    with connect(run) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
        return None if hang_up else answer_of(sock)


def is_well(run: Running) -> None:
    """Nobody was told 5xx, all that is kept is whole, and the next callback is taken."""
    assert post(run, callback("well")).status == 200
    entries = get(run, "/callbacks").json
    assert not [e for e in entries if (e.get("answered") or 0) >= 500]
    around = run.folder.parent
    outside = {p for p in around.rglob("*") if p.is_file()} - {*run.folder.rglob("*")}
    assert outside == set()
    pictures = {e["image"]["path"].removeprefix("images/") for e in entries if "image" in e}
    assert run.images() == pictures


ANY_TEXT = st.text(st.characters(exclude_characters="\r\n\0"), max_size=30).map(
    lambda t: t.encode("utf-8", "replace").decode("latin-1")
)
REQUESTS = st.builds(
    lambda body, length, extra, path, method, secret, content_type: (
        head(
            length if length is not None else len(body),
            *extra,
            path=path,
            method=method,
            secret=secret,
            content_type=content_type,
        )
        + body
    ),
    body=st.binary(max_size=300)
    | st.lists(st.tuples(ANY_TEXT, st.binary(max_size=50)), max_size=4).map(
        lambda parts: form(*(part(name, value) for name, value in parts))
    ),
    length=st.none() | st.integers(-5, 500),
    extra=st.lists(
        st.sampled_from(
            ["Transfer-Encoding: chunked", "Expect: 100-continue", "Connection: upgrade",
             "Upgrade: websocket", "Content-Encoding: gzip", "Expect: x", "Host: other",
             "Content-Length: 3", "Connection: close"]
        ), max_size=2,
    ),
    path=st.sampled_from(["/callback", "/callback/tok", "/", "/events", "/callbacks", "*", "a:1"])
    | ANY_TEXT.map(lambda t: "/" + t.replace(" ", "")),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "CONNECT", "PRI", "post"]),
    secret=st.sampled_from([SECRET, SECRET, "", None]) | ANY_TEXT,
    content_type=st.sampled_from(["multipart/form-data; boundary=xyz", None]) | ANY_TEXT,
)  # fmt: skip


@given(data=REQUESTS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_answered_5xx(target: Running, data: bytes) -> None:
    response = throw(target, data, hang_up=b" /events" in data or b"HEAD" in data[:5])

    assert response is None or response.status < 500, response


@pytest.mark.parametrize("seed", range(4))
def test_flipped_cut_doubled_and_swapped_bytes_do_no_harm(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    body = callback()
    request = bytearray(head(len(body)) + body)
    with running(tmp_path / "kept", limits=LIMITS) as run:
        for _ in range(100):
            data = bytearray(request)
            for _ in range(chance.randint(1, 6)):
                _damage(data, chance)
            response = throw(run, bytes(data), hang_up=chance.random() < 0.7)
            assert response is None or response.status < 500
        is_well(run)


def _damage(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.choice([1, 1, 2, 8, 60]))
    match chance.randrange(4):
        case 0:
            data[start] ^= 1 << chance.randrange(8)
        case 1 if len(data) > 100:
            del data[start:end]
        case 2:
            data[start:start] = data[start:end]
        case _:
            data[start:end] = chance.randbytes(end - start)

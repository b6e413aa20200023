"""Random requests, whole and damaged, on real sockets: never a 5xx, never a stray file."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncproof.receiver.dashboard.pages import Pages
from tests.support.fuzz import LIMITS, complaint, is_well, storm
from tests.support.receiver_support import (
    SECRET,
    Running,
    form,
    head,
    part,
    running,
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("fuzz") / "kept", limits=LIMITS) as run:
        yield run
        is_well(run)


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
    assert complaint(target, data, hang_up=False) is None


@pytest.mark.parametrize("seed", range(4))
def test_no_change_to_a_request_does_harm(tmp_path: Path, seed: int) -> None:
    """Flipped, cut, doubled and swapped bytes of valid and of hostile requests; ``make fuzz`` does
    it for an hour."""
    with running(tmp_path / "kept", limits=LIMITS) as run:
        assert storm(run, random.Random(seed), lambda count: count < 150) == 150


def test_a_server_that_errs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pages, "answer", lambda _self, _request: 1 / 0)
    with (
        running(tmp_path / "kept", limits=LIMITS) as run,
        pytest.raises(AssertionError, match="answered 500: b"),
    ):
        storm(run, random.Random(1), lambda count: count < 500)

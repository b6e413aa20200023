"""The OpenAPI description says what the server does: made-up requests, each answer compared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from asyncproof.receiver.access import view_access
from asyncproof.receiver.dashboard.openapi import document
from tests.support.receiver_support import PNG, SECRET, Running, callback, get, post, running

TOKEN = "a-view-token-of-32-characters-!!"
DESCRIPTION = schemathesis.openapi.from_file(document().decode())
# The others: of the wrong method a miner is told where callbacks go (404); a callback that is
# readable but wrong is taken (200), as the protocol's tests need it.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
]


@pytest.fixture
def described(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "kept", access=view_access(TOKEN)) as run:
        post(run, callback("a"))
        post(run, callback("a", image=PNG + b"2"))
        post(run, callback("b", "failed", image=None))
        yield run


@DESCRIPTION.exclude(path="/events").parametrize()
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_answer_is_as_described(case: schemathesis.Case[Any], described: Running) -> None:
    headers = {"X-Callback-Secret": SECRET, "Authorization": f"Bearer {TOKEN}"}
    case.call_and_validate(base_url=described.server.url, headers=headers, checks=CHECKS)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/callbacks", "application/json"),
        ("/callbacks?since=1&status=failed", "application/json"),
        ("/callbacks/a", "application/json"),
        ("/callbacks/a/image", "image/png"),
        ("/images/a.2.png", "image/png"),
        ("/metrics", "text/plain"),
    ],
)
def test_what_is_there_is_as_described_too(described: Running, path: str, kind: str) -> None:
    """Made-up requests seldom ask for what is there."""
    answer = get(described, path, "Host: localhost", f"Authorization: Bearer {TOKEN}")
    template = {
        "/callbacks/a": "/callbacks/{job_id}",
        "/callbacks/a/image": "/callbacks/{job_id}/image",
        "/images/a.2.png": "/images/{file}",
    }.get(path, path.partition("?")[0])
    operation = DESCRIPTION[template]["GET"]

    assert answer.status == 200
    assert answer.headers["content-type"].startswith(kind)
    assert kind in operation.definition.raw["responses"]["200"]["content"]
    if kind == "application/json":
        assert answer.json


def test_the_description_is_served(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as run:
        answer = get(run, "/openapi.json")
    assert (answer.body, answer.headers["content-type"]) == (document(), "application/json")
    assert answer.json["openapi"] == "3.1.0"

"""What other programs ask the callback server: lists, pictures, health and metrics."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from asyncproof.receiver.access import view_access
from asyncproof.receiver.metrics import BUCKETS
from tests.support.receiver_support import (
    PNG,
    Response,
    Running,
    callback,
    get,
    post,
    running,
    send,
)

TOKEN = "a-view-token-of-32-characters-!!"


@pytest.fixture
def filled(receiver: Running) -> Running:
    post(receiver, callback("a"))
    post(receiver, callback("b", "failed", image=None))
    post(receiver, callback("a", "timeout", image=PNG + b"2"))
    post(receiver, callback("a", "failed", image=None))
    post(receiver, secret="wrong")
    return receiver


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("status=failed", [2, 4]),
        ("status=failed&since=2", [4]),
        ("status=failed&status=timeout", [2, 3, 4]),
        ("status=", []),
        ("status=nothing%00", []),
        ("STATUS=failed", [1, 2, 3, 4, 5]),
        ("job_id=a", [1, 3, 4]),
        ("job_id=a&since=1&status=failed", [4]),
        ("job_id=..", []),
    ],
)
def test_the_list_can_be_asked_for_a_status(
    filled: Running, query: str, numbers: list[int]
) -> None:
    assert [e["number"] for e in get(filled, f"/callbacks?{query}").json] == numbers


def test_the_newest_picture_of_a_job(filled: Running) -> None:
    newest = get(filled, "/callbacks/a/image")

    assert (newest.body, newest.headers["content-type"]) == (PNG + b"2", "image/png")
    assert newest.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "job_id", ["b", "c", "", "..", "%2e%2e%2fjournal", "a%00", "%ff", "a/image"]
)
def test_a_job_without_a_picture_has_none(filled: Running, job_id: str) -> None:
    assert get(filled, f"/callbacks/{job_id}/image").status == 404


def test_the_picture_of_a_job_with_any_id(receiver: Running) -> None:
    post(receiver, callback("../x y"))

    assert get(receiver, "/callbacks/..%2Fx%20y/image").body == PNG


def delete(run: Running, path: str = "/callbacks", *lines: str) -> Response:
    head = "\r\n".join([f"DELETE {path} HTTP/1.1", "Host: localhost", *lines, "", ""])
    response = send(run, head.encode())
    assert response is not None
    return response


def test_a_hidden_list_is_empty_and_all_of_it_is_on_disk(filled: Running) -> None:
    before = filled.files(), (filled.folder / "journal.ndjson").read_bytes()

    assert delete(filled).json == {"hidden": 5}

    assert get(filled, "/callbacks").json == []
    assert get(filled, "/callbacks/a").json == []
    assert (filled.files(), (filled.folder / "journal.ndjson").read_bytes()) == before
    post(filled, callback("later"))
    assert [e["number"] for e in get(filled, "/callbacks?since=5").json] == [6]


def test_what_was_hidden_is_listed_again_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as run:
        post(run)
        delete(run)
    with running(tmp_path / "kept") as run:
        assert len(get(run, "/callbacks").json) == 1


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/callbacks", ("Origin: http://evil.example",)),
        ("/callbacks/a", ()),
        ("/callbacks/", ()),
        ("/images/a.png", ()),
        ("/", ()),
        ("/callback", ()),
        ("/health", ()),
    ],
)
def test_nothing_else_is_deleted(filled: Running, path: str, lines: tuple[str, ...]) -> None:
    files = filled.files()

    assert delete(filled, path, *lines).status in (403, 404, 405)

    assert filled.files() == files
    assert len(get(filled, "/callbacks").json) >= 5


def test_deleting_and_metrics_need_the_token_and_health_does_not(tmp_path: Path) -> None:
    bearer = f"Authorization: Bearer {TOKEN}"
    with running(tmp_path / "kept", access=view_access(TOKEN)) as run:
        assert delete(run).status == 401
        assert delete(run, "/callbacks", bearer).status == 200
        assert get(run, "/metrics").status == 401
        assert get(run, "/metrics", "Host: localhost", bearer).status == 200
        assert get(run, "/health").json == {"status": "ok"}
        assert get(run, "/health", "Host: lb.example").json == {"status": "ok"}


def measured(run: Running) -> dict[str, float]:
    """Each sample of /metrics by its name and label."""
    families = text_string_to_metric_families(get(run, "/metrics").text)
    return {" ".join([s.name, *s.labels.values()]): s.value for f in families for s in f.samples}


def test_metrics_count_what_came_in(filled: Running) -> None:
    post(filled, b"no form")
    filled.deliveries(6)
    get(filled, "/looks/a.png")
    get(filled, "/looks/a.png")

    found = measured(filled)

    outcomes = {k.split()[1]: v for k, v in found.items() if k.startswith("asyncproof_callbacks_")}
    assert outcomes.pop("refused") == 1
    assert outcomes.pop("broken") == 1
    assert sum(outcomes.values()) == 4
    assert found["asyncproof_picture_bytes_total"] == 2 * len(PNG) + 1
    assert found["asyncproof_callback_seconds_count"] == 5
    assert found["asyncproof_callback_seconds_bucket +Inf"] == 5
    assert found["asyncproof_pictures_judged_total damaged"] == 1
    assert found["asyncproof_pictures_judged_total sound"] == 0


def test_metrics_name_no_job(filled: Running) -> None:
    text = get(filled, "/metrics").text

    assert not re.search(r'="(?:a|b|job-1)"', text)
    assert text.count("_bucket{") == len(BUCKETS) + 1

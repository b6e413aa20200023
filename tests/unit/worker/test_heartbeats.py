"""Heartbeats of each schema are read with the place of everything that is wrong in them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.worker.heartbeats import SCHEMAS, parse

TIME = "2026-01-02T03:04:05Z"
WORKER = {
    "id": "w",
    "model_id": "m",
    "device": "cpu:0",
    "port": 1,
    "status": "ready",
    "implementation": "i",
    "version": "1",
}
GOOD: dict[str, Any] = {
    "document": {"worker_id": "w", "timestamp": TIME, "state": "Ready"},
    "health": {"worker_id": "w", "timestamp": TIME, "health_status": "healthy"},
    "detailed": {"worker": WORKER, "timestamp": TIME},
}


def read(name: str, body: Any, path: str | None = None) -> Any:
    schema = SCHEMAS[name]
    return parse(schema, path or schema.path, json.dumps(body).encode())


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_good_heartbeat_tells_id_time_and_state(name: str) -> None:
    beat = read(name, {**GOOD[name], "more": "is fine"})
    assert (beat.worker_id, beat.timestamp, beat.problems) == ("w", 1767323045.0, ())
    assert beat.state in ("ready", "healthy")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("document", {"state": "Zombie"}, "state: Input should be 'starting'"),
        ("document", {"worker_id": 7}, "worker_id: Input should be a valid string, got 7"),
        ("document", {"timestamp": "2026-01-02T03:04:05"}, "timestamp: Input should have timezone"),
        ("document", {"timestamp": 1767323045}, "timestamp: .*RFC 3339 time as text"),
        ("health", {"health_status": "so-so"}, "health_status: Input should be 'healthy'"),
        (
            "detailed",
            {"worker": {**WORKER, "port": "1"}},
            "worker.port: Input should be a valid int",
        ),
        ("detailed", {"worker": {"id": "w"}}, "worker.model_id: Field required"),
    ],
)
def test_a_wrong_field_is_named(name: str, change: dict[str, Any], said: str) -> None:
    problems = "; ".join(read(name, {**GOOD[name], **change}).problems)
    assert re.search(said, problems), problems


def test_a_heartbeat_at_the_wrong_address_says_so_and_is_still_read() -> None:
    beat = read("health", GOOD["health"], path="/heartbeat/workers")
    assert beat.problems == ("path: expected /v1/heartbeat, got /heartbeat/workers",)
    assert beat.worker_id == "w"


@given(st.sampled_from(sorted(SCHEMAS)), st.binary(max_size=50) | st.just(b"[" * 50))
def test_no_body_breaks_the_reader(name: str, body: bytes) -> None:
    assert parse(SCHEMAS[name], SCHEMAS[name].path, body).problems

"""Answers are read tolerantly, and everything wrong with them is told."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.worker_isolation.answers import (
    EventStream,
    StreamTally,
    endpoint_problems,
    read_answer,
)
from tests.e2e.worker_isolation.profile import Endpoint, JsonInference, StreamInference

HEALTH = Endpoint(path="/h", expect={"status": "healthy", "model.loaded": True})
JSON = JsonInference(path="/i", body={})
STREAM = StreamInference(path="/i", body={})


@pytest.mark.parametrize(
    ("status", "body", "problems"),
    [
        (200, '{"status": "healthy", "model": {"loaded": true}}', ()),
        (
            503,
            '{"status": "healthy", "model": {"loaded": true}}',
            ("status: expected 200, got 503",),
        ),
        (
            200,
            "[]",
            ('status: expected "healthy", got null', "model.loaded: expected true, got null"),
        ),
        (200, "fine", ("body: expected JSON",)),
    ],
)
def test_a_page_is_held_against_its_expectation(
    status: int, body: str, problems: tuple[str, ...]
) -> None:
    assert endpoint_problems(HEALTH, status, body) == problems


def test_a_page_without_expectation_needs_only_its_status() -> None:
    assert endpoint_problems(Endpoint(path="/h"), 200, "anything") == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"text": "a", "tokens": 1, "finish_reason": "stop"}', ""),
        (
            '{"text": "a", "tokens": "1", "finish_reason": "stop"}',
            'tokens: expected a whole number, got "1"',
        ),
        (
            '{"text": "a", "tokens": true, "finish_reason": "stop"}',
            "tokens: expected a whole number, got true",
        ),
        ('{"text": null, "tokens": 1, "finish_reason": "stop"}', "text: expected text, got null"),
        ('{"text": "a", "tokens": 1}', "finish_reason: expected text, got null"),
        ("<html>", "body: expected JSON"),
    ],
)
def test_a_json_answer_is_read_field_by_field(body: str, said: str) -> None:
    assert "; ".join(read_answer(JSON, body).problems) == said


@given(
    events=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), max_size=8),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_stream_reads_the_same_however_it_is_cut(
    events: list[str], cuts: list[int], newline: str
) -> None:
    sent = "".join(f": note{newline}data: {e}{newline}{newline}" for e in events).encode()
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    reader = EventStream()
    got = [e for a, b in pairwise(edges) for e in reader.feed(sent[a:b])]
    assert got == events


def test_a_stream_is_counted_with_its_gaps_and_ends() -> None:
    tally = StreamTally(STREAM, max_tokens=5)
    for now, data in [(1.0, {"t": "a"}), (1.5, {"t": "b"}), (4.0, {"finish_reason": "stop"})]:
        assert not tally.finished
        tally.take(json.dumps(data), now)
    assert tally.finished
    tally.take("[DONE]", 4.1)
    tally.take("[DONE]", 4.2)

    assert (tally.texts, tally.finish_reason, tally.ends) == (["a", "b"], "stop", 2)
    assert (tally.first_token, tally.longest_gap, tally.problems) == (1.0, 2.5, [])


@pytest.mark.parametrize(
    ("data", "said"), [("{nope", "event 1: expected JSON"), ('{"t": 3}', "t: expected text, got 3")]
)
def test_a_malformed_event_is_told_and_does_not_end_the_counting(data: str, said: str) -> None:
    tally = StreamTally(STREAM, max_tokens=5)
    tally.take(data, 1.0)
    tally.take('{"t": "a"}', 2.0)
    assert tally.problems[0].startswith(said)
    assert tally.texts == ["a"]

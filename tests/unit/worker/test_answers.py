"""Answers are read tolerantly, and everything wrong with them is told."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.worker.answers import (
    EventStream,
    StreamTally,
    endpoint_problems,
    read_answer,
    said_error,
    whole,
    wrong_sum,
)
from asyncproof.worker.profile import Endpoint, JsonInference, StreamInference

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


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ({"error": {"message": "out of blocks", "code": 500}}, "", "out of blocks"),
        ({"error": "out of blocks"}, "", "out of blocks"),
        ({"error": {"code": 500}}, "", '{"code": 500}'),
        ({"type": "error", "error": {"type": "overloaded", "message": "later"}}, "", "later"),
        ({"object": "error", "message": "out of blocks"}, "", "out of blocks"),
        ({"detail": "out of blocks"}, "error", "out of blocks"),
        ({"text": "fine"}, "error", '{"text": "fine"}'),
        ("out of blocks", "error", "out of blocks"),
        ({"error": None, "t": "a"}, "", ""),
        ({"error": False}, "", ""),
        ({"t": "an error"}, "", ""),
        (["error"], "", ""),
    ],
)
def test_an_error_is_quoted_in_its_own_words(content: object, name: str, said: str) -> None:
    assert said_error(content, name) == said


@pytest.mark.parametrize("data", ['{"error": {"message": "no blocks"}}', "no blocks"])
def test_an_error_in_a_stream_is_not_a_token(data: str) -> None:
    events, tally = EventStream(), StreamTally(STREAM, max_tokens=5)
    sent = f'data: {{"t": "a"}}\n\nevent: error\ndata: {data}\n\ndata: {{"t": "b"}}\n\n'

    for event, name in zip(events.feed(sent.encode()), events.names, strict=True):
        tally.take(event, 1.0, name)

    assert tally.error == "no blocks"
    assert (tally.texts, tally.problems) == (["a", "b"], [])


SPLIT = b'data: {"t": "' + "ü".encode()[:1] + b'"}\n\n'


def test_a_character_that_is_cut_between_two_events_is_told() -> None:
    """Cut between two reads of the connection it is whole, and is not."""
    events = EventStream()
    for byte in 'data: {"t": "ü"}\n\n'.encode():
        events.feed(bytes([byte]))
    assert events.encoding == []
    events.feed(SPLIT)
    assert "unexpected end of data" in events.encoding[0] or "continuation" in events.encoding[0]


def test_half_a_surrogate_pair_is_told_and_can_be_written_down() -> None:
    problems = list[str]()
    assert whole("\ud83d", problems) == "?"
    assert problems == ["half a character, '\\ud83d'"]
    assert whole("\U0001f642", problems) == "\U0001f642"
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("usage", "wrong"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}, False),
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 4}, True),
        ({"prompt_tokens": 3, "completion_tokens": 4}, False),
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": None}, False),
        (None, False),
    ],
)
def test_counts_have_to_add_up(usage: object, wrong: bool) -> None:
    assert bool(wrong_sum({"usage": usage}, "usage.completion_tokens")) is wrong

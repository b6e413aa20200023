"""Several reads of a container's log make one, each line once, and gaps are told."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.coordinator.kubernetes.api import read_lines
from asyncproof.coordinator.kubernetes.judge import PodEnd
from asyncproof.coordinator.kubernetes.streams import EventLine, FilePart, Frames, TimedLog

LONGEST = 8
reads = st.lists(st.integers(0, 12), max_size=5)


def keeper(count: int) -> list[bytes]:
    lines = [b"E %d {%d}" % (n, n) for n in range(count)]
    return [*lines, b'Z %d {"exit_code": 0}' % count]


@given(st.integers(0, 10), reads)
def test_frames_of_any_reads_are_the_events_once_each(count: int, cuts: list[int]) -> None:
    """Reads that break off anywhere, then one whole read: every event, once, in order."""
    frames, got = Frames(), list[bytes]()
    for cut in [*cuts, None]:
        if cut is None:
            frames.last()
        for line in keeper(count)[:cut]:
            match frames.feed(line):
                case EventLine(text):
                    got.append(text)

    assert got == [b"{%d}" % n for n in range(count)]
    assert frames.end == PodEnd(exit_code=0)
    assert frames.problem() == ""


@given(st.integers(1, 10), st.integers(1, 10))
def test_frames_that_are_gone_are_told(count: int, lost: int) -> None:
    """The start rotated away: what is left is taken, and the gap is a problem."""
    frames = Frames()
    frames.last()
    for line in keeper(count)[min(lost, count) :]:
        frames.feed(line)

    assert f"frames 0 to {min(lost, count) - 1} are missing" in frames.problem()


def test_frames_without_their_last_one_are_a_problem() -> None:
    frames = Frames()
    frames.feed(keeper(1)[0])

    assert "no last frame" in frames.problem()
    assert not frames.ended


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("junit.xml", True),
        ("a/b.html", True),
        ("../x", False),
        ("/etc/x", False),
        ("a/../b", False),
    ],
)
def test_a_report_file_stays_below_its_folder(path: str, taken: bool) -> None:
    part = Frames().feed(b"F 0 %s %s" % (path.encode(), base64.b64encode(b"data")))

    assert part == (FilePart(path, b"data") if taken else None)


@pytest.mark.parametrize("line", [b"", b"noise", b"E x {}", b"E -1 {}", b"Q 0 {}"])
def test_noise_is_no_frame(line: bytes) -> None:
    assert Frames().feed(line) is None


def stamped(texts: list[str], per_tick: int) -> list[bytes]:
    """Several lines may bear one timestamp; a fraction may come without its last zeros."""
    return [
        b"2026-01-01T00:00:%sZ %s" % (_second(n // per_tick), t.encode())
        for n, t in enumerate(texts)
    ]


def _second(tick: int) -> bytes:
    return (b"%02d.%02d" % (tick // 100, tick % 100)).rstrip(b"0").rstrip(b".")


texts = st.lists(st.text(alphabet="ab ", max_size=3), max_size=12)


@given(texts, st.integers(1, 4), reads)
def test_log_lines_of_any_reads_are_the_log_once(
    lines: list[str], per_tick: int, cuts: list[int]
) -> None:
    log, got = TimedLog(), list[bytes]()
    for cut in [*cuts, None]:
        log.again()
        got += [t for line in stamped(lines, per_tick)[:cut] if (t := log.feed(line)) is not None]

    assert [text.decode() for text in got] == lines
    assert log.missing(sum(len(line) + 1 for line in lines)) == []


def test_a_log_whose_start_is_gone_when_read_again_may_have_a_gap() -> None:
    log, lines = TimedLog(), stamped(list("abcdef"), 1)
    log.feed(lines[0])
    log.again()
    for line in lines[3:]:
        log.feed(line)

    assert "may be missing" in log.missing(0)[0]
    assert "8 of 12 bytes" in log.missing(12)[-1]


def test_an_end_with_fields_of_a_later_version_is_understood() -> None:
    frames = Frames()
    frames.feed(b"Z 0 " + json.dumps({"signal": 9, "new": 1}).encode())

    assert frames.end == PodEnd(signal=9)


def lines_of(chunks: list[bytes]) -> list[bytes]:
    async def told() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[bytes]:
        return [line async for line in read_lines(told(), LONGEST)]

    return asyncio.run(read())


@given(st.lists(st.binary(max_size=20).map(lambda text: text.replace(b"x", b"\n")), max_size=8))
def test_lines_are_the_same_however_they_arrive(chunks: list[bytes]) -> None:
    """Each line once, whole up to the longest that is kept; an endless one takes no more memory."""
    lines = b"".join(chunks).split(b"\n")
    expected = [line[:LONGEST] for line in lines[:-1]] + [lines[-1][:LONGEST]] * bool(lines[-1])

    assert lines_of(chunks) == expected

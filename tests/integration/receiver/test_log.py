"""What the callback server logs: a line for each callback, nothing for a peer that leaves."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.history.events import Delivered, File, NemesisActed
from asyncproof.receiver import callback_log
from asyncproof.receiver.callback_log import CallbackLog, described
from tests.support.receiver_support import callback, connect, head, post, running

PAGES = ["/events", "/events?last=100", "/callbacks", "/images/job-1.png", "/", "/looks/job-1.png"]
LARGE = bytes(8 * 1024 * 1024)


@pytest.mark.parametrize("path", PAGES)
def test_a_reader_that_leaves_early_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with running(tmp_path / "kept") as run:
        post(run, callback("job-1", image=LARGE))
        for polite in (True, False):
            with connect(run) as sock:
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                if polite:
                    assert sock.recv(100)
        post(run, callback("job-2"))
        post(run, callback("job-3"))

    assert [record.getMessage() for record in caplog.records] == []


def test_a_miner_that_leaves_early_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "kept") as run:
        for sent in (b"", b"POST", head(1000), head(1000) + callback()[:300]):
            with connect(run) as sock:
                sock.sendall(sent)
        post(run)

    assert [r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG] == []


def test_a_closed_tab_holds_nothing_until_the_next_callback(tmp_path: Path) -> None:
    """Its stream ends when the connection does, and not only when there is something to write."""
    with running(tmp_path / "kept") as run:

        def streams() -> list[asyncio.Task[object]]:
            every = asyncio.all_tasks(run.loop)
            return [t for t in every if "Connection" in repr(t) or "_handle_request" in repr(t)]

        async def all_ended(tasks: list[asyncio.Task[object]]) -> None:
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)

        with connect(run) as sock:
            sock.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(100)
            open_streams = run.do(streams)
            assert open_streams
        run.call(lambda: all_ended(open_streams))


def delivered(**more: object) -> Delivered:
    usual: dict[str, object] = {
        "at": 2.0,
        "number": 1,
        "began": 1.5,
        "token": None,
        "secret": "match",
        "answered": 200,
        "fields": {"job_id": "job-1", "status": "completed"},
        "image": File(path="images/job-1.png", sha256="", size=2048),
        "method": "POST",
        "path": "/callback",
    }
    return Delivered(**(usual | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (delivered(), "200 job-1 completed 2048 bytes 0.500 s"),
        (delivered(image=None), "200 job-1 completed 0.500 s"),
        (delivered(fields={}, image=None), "200 (no job id) (no status) 0.500 s"),
        (delivered(problems=("a", "b")), "200 job-1 completed 2048 bytes 0.500 s (a; b)"),
        (
            delivered(answered=None, image=None, broken="gone"),
            "--- job-1 completed 0.500 s (gone)",
        ),
        (delivered(answered=401, secret="wrong"), "401 POST /callback (secret: wrong)"),
    ],
)
def test_a_callback_is_one_line(event: Delivered, line: str) -> None:
    assert described(event) == line


@given(st.text(), st.text(), st.text())
def test_what_a_sender_wrote_stays_text_on_one_line(job_id: str, status: str, broken: str) -> None:
    event = delivered(fields={"job_id": job_id, "status": status}, broken=broken)

    line = described(event)

    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 3000


def logged(events: list[Delivered | NemesisActed], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(callback_log, "MOST_WAITING", 3)
    written: list[str] = []

    async def log() -> None:
        lines = CallbackLog(written.append, flush_seconds=3600)
        for event in events:
            lines(event)
        await lines.close()

    asyncio.run(log())
    return "".join(written)


def test_lines_that_nobody_takes_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    text = logged([delivered()] * 5, monkeypatch)

    assert text.count("job-1") == 3
    assert text.endswith("(2 more, which could not be written in time)\n")


def test_a_terminal_that_is_paused_holds_up_neither_callbacks_nor_the_end() -> None:
    paused = threading.Event()

    def write(_text: str) -> None:
        paused.wait()

    async def log() -> None:
        lines = CallbackLog(write, flush_seconds=0, patience=0.01)
        lines(delivered())
        await asyncio.sleep(0)
        lines(delivered())
        await lines.close()

    asyncio.run(log())
    paused.set()


def test_a_terminal_that_is_gone_does_no_harm() -> None:
    def broken(_text: str) -> None:
        raise BrokenPipeError

    async def log() -> None:
        lines = CallbackLog(broken)
        lines(delivered())
        await lines.close()

    asyncio.run(log())

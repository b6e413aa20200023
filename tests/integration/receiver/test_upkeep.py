"""What a server does beside receiving: cleaning up, telling of damage, limits for each address."""

import asyncio
import json
import logging
import os
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncproof.cli.callback_server import callback_server
from asyncproof.receiver import address_limits
from asyncproof.receiver.access import view_access
from asyncproof.receiver.address_limits import AddressLimits, AddressRules
from asyncproof.receiver.callback_server import CallbackServer
from asyncproof.receiver.notifier import Notifier
from asyncproof.receiver.storage.retention import Keep, forget_lines
from asyncproof.receiver.storage.store import Store
from tests.support.picture_files import png
from tests.support.receiver_support import (
    DEADLINE,
    Running,
    answer_of,
    callback,
    connect,
    get,
    head,
    post,
    running,
    send,
)

DAY = 86_400.0
BROKEN = png()[:-40]


class Wall:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1.8e9

    def __call__(self) -> float:
        return self.now


def listed(run: Running) -> list[str]:
    return [entry["job_id"] for entry in get(run, "/callbacks").json]


def in_journal(folder: Path) -> list[str]:
    lines = (folder / "journal.ndjson").read_bytes().splitlines()
    return [json.loads(line)["job_id"] for line in lines]


def test_what_is_too_old_goes_and_the_rest_stays(tmp_path: Path) -> None:
    wall = Wall()
    with running(tmp_path / "kept", wall=wall, keep=Keep(seconds=3 * DAY)) as run:
        for n in range(4):
            post(run, callback(f"j{n}"))
            wall.now += DAY
        (run.folder / "images" / "notes.txt").write_text("somebody else's")
        run.call(run.server.clean)

        assert listed(run) == in_journal(run.folder) == ["j1", "j2", "j3"]
        assert run.images() == {"j1.png", "j2.png", "j3.png", "notes.txt"}
        assert post(run, callback("next")).status == 200
        assert listed(run) == in_journal(run.folder) == ["j1", "j2", "j3", "next"]
    with running(tmp_path / "kept") as again:
        assert listed(again) == ["j1", "j2", "j3", "next"]


def test_what_is_beyond_the_size_goes(tmp_path: Path) -> None:
    wall = Wall()
    with running(tmp_path / "kept", wall=wall, keep=Keep(size=20_000)) as run:
        for n in range(5):
            post(run, callback(f"j{n}", image=bytes(8000)))
            wall.now += 1
        run.call(run.server.clean)
        assert listed(run) == ["j3", "j4"]
        assert run.images() == {"j3.png", "j4.png"}


def test_a_start_cleans_up_what_an_earlier_server_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wall = Wall()
    with running(tmp_path / "kept", wall=wall) as run:
        post(run, callback("old"))
    wall.now += 10 * DAY
    with (
        caplog.at_level(logging.WARNING),
        running(tmp_path / "kept", wall=wall, keep=Keep(seconds=DAY)) as run,
    ):
        run.call(run.server.clean)
        assert listed(run) == []
        assert run.images() == set()
    assert caplog.text.count("--keep: removed 1 callbacks until 2027-01-15T08:00:00+00:00") == 1


def test_a_stop_ends_what_goes_on_beside_the_callbacks(tmp_path: Path) -> None:
    settings = {"keep": Keep(seconds=DAY), "notify": "true", "forward": "http://127.0.0.1:9/"}

    async def start_and_stop() -> set[str]:
        before = asyncio.all_tasks()
        server = CallbackServer(tmp_path / "kept", **settings)  # type: ignore[arg-type]
        await server.start()
        await server.stop()
        return {task.get_name() for task in asyncio.all_tasks() - before}

    assert asyncio.run(start_and_stop()) == set()


def test_without_a_policy_nothing_is_removed(receiver: Running) -> None:
    post(receiver)
    assert receiver.server.keep is None
    assert receiver.images() == {"job-1.png"}


def test_beside_another_server_the_journal_stays(tmp_path: Path) -> None:
    wall = Wall()
    folder = tmp_path / "kept"
    with running(folder, wall=wall, keep=Keep(seconds=DAY)) as one, running(folder) as other:
        post(one, callback("old"))
        wall.now += 2 * DAY
        one.call(one.server.clean)
        assert one.images() == set()
        post(other, callback("new"))
        assert in_journal(folder) == ["old", "new"]


def test_a_picture_that_took_the_name_of_a_removed_one_stays(tmp_path: Path) -> None:
    """The journal still lists the old one, with the same name and size."""
    wall = Wall()
    folder = tmp_path / "kept"
    with (
        running(folder, wall=wall, keep=Keep(seconds=DAY)) as one,
        running(folder, wall=wall) as other,
    ):
        post(one, callback("same", image=b"old"))
        wall.now += 2 * DAY
        one.call(one.server.clean)
        post(other, callback("same", image=b"new"))
        assert in_journal(folder) == ["same", "same"]
        one.call(one.server.clean)
        assert (folder / "images" / "same.png").read_bytes() == b"new"


def test_a_server_that_starts_during_the_cleaning_writes_into_the_new_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    with running(folder) as run:
        post(run, callback("old"))
    store, started = Store(folder), list[Store]()
    starting = threading.Thread(target=lambda: started.append(Store(folder)))

    def forget(where: Path, numbers: set[int]) -> None:
        starting.start()
        forget_lines(where, numbers)

    monkeypatch.setattr("asyncproof.receiver.storage.retention.forget_lines", forget)
    assert store.forget_lines({0})
    starting.join(DEADLINE)
    started[0].append(b'{"number":1}')
    store.append(b'{"number":2}')
    assert (folder / "journal.ndjson").read_bytes() == b'{"number":1}\n{"number":2}\n'
    for each in (store, *started):
        each.close()


class Told(queue.Queue[bytes]):
    """What was posted to a url."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.put(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(told.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/told"


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told(200)
    thread = threading.Thread(target=told.server.serve_forever)
    thread.start()
    yield told
    told.server.shutdown()
    thread.join()
    told.server.server_close()


def test_a_url_is_told_of_damaged_pictures_only(told: Told, tmp_path: Path) -> None:
    with running(tmp_path / "kept", notify=told.url) as run:
        post(run, callback("no picture", image=None))
        post(run, callback("sound", image=png()))
        post(run, callback("broken", image=BROKEN))
        post(run, callback("broken", image=b"not a picture"))
        first, second = (json.loads(told.get(timeout=DEADLINE)) for _ in range(2))

    assert (first["job_id"], first["image"]["path"]) == ("broken", "images/broken.png")
    assert first["number"] == 3
    assert first["problem"]
    assert (second["problem"], second["image"]["size"]) == ("not an image", 13)
    assert told.empty()


def test_a_command_gets_the_line_on_its_standard_input(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    hostile = "$(touch x); `id` \"'"
    with running(tmp_path / "kept", notify=f"tee '{pipe}'") as run:
        post(run, callback(hostile, image=BROKEN))
        with pipe.open() as reading:
            line = reading.read()

    assert line.count("\n") == 1
    assert json.loads(line)["job_id"] == hostile


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("false", "the command ended with 1"),
        ("no-such-command-here", "FileNotFoundError"),
        ("http://127.0.0.1:9/", "ClientConnectorError"),
        ("sleep 100", "TimeoutError"),
        ("'", "ValueError"),
    ],
)
def test_what_cannot_be_told_is_logged_and_the_next_is_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, target: str, complaint: str
) -> None:
    with running(tmp_path / "kept") as run:
        for n in range(2):
            post(run, callback(f"j{n}", image=BROKEN))
        events = run.deliveries(2)

        async def tell() -> None:
            seen = 0

            async def judge(path: Path) -> object:
                nonlocal seen
                seen += 1
                if seen > 2:
                    over.set()
                return await run.server._pages.judged(path)

            over = asyncio.Event()
            notifier = Notifier(target, run.folder, judge, patience=0.3)  # type: ignore[arg-type]
            for event in (*events, events[0]):
                notifier(event)
            task = asyncio.create_task(notifier.run())
            await over.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        run.call(tell)
    assert caplog.text.count("nobody was told") >= 2
    assert complaint in caplog.text


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count this machine's address as if it were another's."""
    monkeypatch.setattr(address_limits, "_key", lambda peer: peer)


@pytest.mark.usefixtures("from_afar")
def test_one_address_cannot_take_all_connections(tmp_path: Path) -> None:
    with running(tmp_path / "kept", by_address=AddressRules(connections=3)) as run:
        held = [connect(run) for _ in range(3)]
        for sock in held:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(sock) is not None
        assert send(run, head(0)) is None
        for sock in held:
            sock.close()


@pytest.mark.usefixtures("from_afar")
def test_who_guesses_too_often_is_told_to_wait(tmp_path: Path) -> None:
    access = view_access("a-view-token-of-32-characters-!!")
    rules = AddressRules(refusals=3)
    with running(tmp_path / "kept", by_address=rules, access=access) as run:
        assert post(run, secret="guess").status == 401
        assert get(run, "/callbacks?token=guess").status == 401
        assert post(run).status == 200
        assert post(run, secret=None).status == 401

        blocked = post(run)
        assert blocked.status == 429
        assert 1 <= int(blocked.headers["retry-after"]) <= 60
        assert get(run, "/callbacks?token=guess").status == 429
        assert run.images() == {"job-1.png"}


def test_this_machine_has_no_limits(tmp_path: Path) -> None:
    with running(tmp_path / "kept", by_address=AddressRules(1, 1)) as run:
        with connect(run), connect(run):
            assert post(run, secret="guess").status == 401
            assert post(run, secret="guess").status == 401
        assert post(run).status == 200


def test_addresses_are_counted_for_themselves_and_for_a_minute() -> None:
    now = 100.0
    limits = AddressLimits(AddressRules(connections=1, refusals=2), lambda: now)
    for peer in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.2"):
        limits.refused(peer)
    now += 30

    assert limits.blocked_for("192.0.2.1") == limits.blocked_for("::ffff:192.0.2.1") == 30
    assert limits.blocked_for("2001:db8::ffff") == 30
    assert limits.blocked_for("2001:db8:0:1::1") == limits.blocked_for("192.0.2.2") == 0
    assert limits.blocked_for("fe80::1%eth0") == limits.blocked_for(None) == 0
    now += 31
    assert limits.blocked_for("192.0.2.1") == 0
    limits.refused("192.0.2.1")
    assert limits.blocked_for("192.0.2.1") == 0

    assert limits.connected("192.0.2.1")
    assert not limits.connected("192.0.2.1")
    limits.disconnected("192.0.2.1")
    limits.disconnected("192.0.2.1")
    assert limits.connected("192.0.2.1")


def test_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_limits, "_MOST_ADDRESSES", 2)
    limits = AddressLimits(AddressRules(refusals=1), lambda: 0.0)
    for n in range(5):
        limits.refused(f"192.0.2.{n}")
    assert [limits.blocked_for(f"192.0.2.{n}") > 0 for n in range(5)] == [False] * 3 + [True] * 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--keep=many"], "'many' is no age"),
        (["--notify=no-such-command-here x"], "there is no command 'no-such-command-here'"),
        (["--notify='"], "cannot be read as a command"),
        (["--address-refusals=0"], "--address-refusals"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(callback_server, [*arguments, f"--folder={tmp_path}"])

    assert result.exit_code == 2
    assert told in result.output

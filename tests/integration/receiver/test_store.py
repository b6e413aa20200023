"""What was answered 200 is on disk, whole; what was not has left nothing, whatever happened."""

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.storage.entries import CallbackEntry, decode, encode
from asyncproof.receiver.storage.index import CallbackIndex
from asyncproof.receiver.storage.spool import Spool
from asyncproof.receiver.storage.store import Store
from tests import ROOT
from tests.support.receiver_support import (
    PNG,
    SECRET,
    Running,
    answer_of,
    callback,
    connect,
    get,
    head,
    post,
    running,
)

SCRIPT = ROOT / "tests" / "e2e" / "async_inference" / "callback_server.py"


def journal(folder: Path) -> list[CallbackEntry]:
    return [decode(line) for line in (folder / "journal.ndjson").read_bytes().splitlines() if line]


@contextlib.contextmanager
def script(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The callback server as a process of its own, started elsewhere; and its url."""
    command = [sys.executable, str(SCRIPT), "--host=127.0.0.1", "--port=0", f"--folder={folder}"]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, text=True, cwd=folder.parent
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            yield process, first.split("POST ")[1].split("/callback")[0]
        finally:
            process.kill()


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    picture = PNG * 500
    answered: list[str] = []

    def deliver(url: str, worker: int) -> None:
        with contextlib.suppress(requests.RequestException), requests.Session() as session:
            for n in range(1000):
                job_id = f"job-{worker}-{n}"
                response = session.post(
                    url + "/callback",
                    {"job_id": job_id, "status": "completed"},
                    files={"image": ("r.png", picture + job_id.encode(), "image/png")},
                    headers={"X-Callback-Secret": SECRET},
                    timeout=10,
                )
                if response.status_code == 200:
                    answered.append(job_id)
                if len(answered) == 40:
                    process.send_signal(signal.SIGKILL)

    with script(folder) as (process, url), ThreadPoolExecutor(4) as workers:
        list(workers.map(deliver, [url] * 4, range(4)))
        assert process.wait(10) == -signal.SIGKILL

    assert len(answered) >= 40
    kept = {e.job_id: e for e in journal(folder)}
    for job_id in answered:
        image = kept[job_id].image
        assert image is not None
        content = (folder / image.path).read_bytes()
        assert content == picture + job_id.encode()
        assert image.sha256 == hashlib.sha256(content).hexdigest()
    for path in (folder / "images").iterdir():
        assert path.read_bytes() == picture + path.stem.encode()

    with running(folder) as again:
        assert len(get(again, "/callbacks").json) == len(kept)
        assert not list((folder / ".incoming").rglob("*.part"))
        assert len(list((folder / ".incoming").iterdir())) == 1


def test_the_script_ends_well_and_removes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with script(folder) as (process, url):
        files = {"image": PNG}
        headers = {"X-Callback-Secret": SECRET}
        requests.post(url + "/callback", {"job_id": "j"}, files=files, headers=headers, timeout=10)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read() if process.stdout else ""
        assert process.wait(10) == 0
    assert f"dashboard   {url}/" in rest
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {"j.png", "journal.ndjson"}


def run_script(
    tmp_path: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **environment},
        timeout=30,
        check=False,
    )


def test_a_taken_port_is_named_with_who_holds_it_and_the_cure(
    receiver: Running, tmp_path: Path
) -> None:
    port = receiver.server.port
    url = f"http://127.0.0.1:{port}"

    ended = run_script(tmp_path, "--host=127.0.0.1", ASYNC_CALLBACK_BASE_URL=url)

    assert ended.returncode == 3
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("Callback server unavailable: ")
    assert f"port {port} on 127.0.0.1 is taken by " in ended.stderr
    assert "ASYNC_CALLBACK_BASE_URL=" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--folder=file/in", "--port=0"], "cannot write to file/in"),
        (["--host=203.0.113.7", "--port=0"], "ASYNC_CALLBACK_BIND_HOST"),
        (["--host=no such host", "--port=0"], "ASYNC_CALLBACK_BIND_HOST"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "file").write_text("not a folder")

    ended = run_script(tmp_path, *arguments)

    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert told in ended.stderr


@pytest.mark.parametrize("value", ["http://a:99999", "http://a:b"])
def test_a_base_url_without_a_usable_port_is_a_usage_error(tmp_path: Path, value: str) -> None:
    ended = run_script(tmp_path, ASYNC_CALLBACK_BASE_URL=value)

    assert ended.returncode == 2
    assert "has no usable port" in ended.stderr


@contextlib.contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes: as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_answered_507_and_keeps_nothing(receiver: Running) -> None:
    with files_limited_to(100_000):
        full = post(receiver, callback("big", image=PNG * 100))
    small = post(receiver, callback("small"))

    assert (full.status, small.status) == (507, 200)
    assert receiver.images() == {"small.png"}
    refused, kept = receiver.deliveries(2)
    assert (refused.stored, refused.image, kept.stored) == (False, None, True)
    assert refused.broken.startswith("could not be stored")
    assert not [p for p in receiver.files() if p.endswith(".part")]


def test_a_full_journal_takes_the_picture_back_and_spoils_no_later_line(
    receiver: Running,
) -> None:
    post(receiver, callback("before"))
    size = (receiver.folder / "journal.ndjson").stat().st_size
    with files_limited_to(size + 20):
        assert post(receiver, callback("torn", image=b"x")).status == 507
        assert post(receiver, callback("none", image=b"x")).status == 507
    assert post(receiver, callback("after")).status == 200

    lines = (receiver.folder / "journal.ndjson").read_bytes().splitlines()
    assert [decode(line).job_id for line in (lines[0], lines[-1])] == ["before", "after"]
    assert receiver.images() == {"before.png", "after.png"}
    assert [e["answered"] for e in get(receiver, "/callbacks").json] == [200, 507, 507, 200]


def test_a_folder_that_is_removed_is_made_anew_and_nothing_is_taken_into_the_void(
    receiver: Running,
) -> None:
    """Without its folder, a callback is stored in a new one or answered 507, never 200 and lost."""
    post(receiver, callback("before"))
    shutil.rmtree(receiver.folder)

    answers = [post(receiver, callback(f"j{n}", image=None)).status for n in range(2)]
    assert answers == [507, 200]
    assert [e.job_id for e in journal(receiver.folder)] == ["j1"]

    shutil.rmtree(receiver.folder)
    assert post(receiver, callback("with a picture")).status == 200
    shutil.rmtree(receiver.folder / "images")
    assert post(receiver, callback("without its images")).status == 200
    assert [e.job_id for e in journal(receiver.folder)] == ["with a picture", "without its images"]
    assert len(receiver.images()) == 1


def test_an_upload_whose_folder_is_removed_is_refused_or_whole(receiver: Running) -> None:
    body = callback("late")
    with connect(receiver) as sock:
        sock.sendall(head(len(body)) + body[:-300])
        shutil.rmtree(receiver.folder)
        sock.sendall(body[-300:])
        answer = answer_of(sock)

    assert answer is not None
    assert answer.status in (200, 507)  # whether its first byte was on disk by then
    kept = (receiver.folder / "images" / "late.png").exists() and bool(journal(receiver.folder))
    assert kept is (answer.status == 200)
    assert post(receiver, callback("late")).status == 200


def test_a_clock_that_jumps_loses_and_reorders_nothing(tmp_path: Path) -> None:
    times = iter([1.8e9, 0.0, 4.1e9, 1.8e9 - 3600])
    with running(tmp_path / "kept", wall=lambda: next(times)) as run:
        for n in range(4):
            assert post(run, callback(f"j{n}", image=None)).status == 200

    with running(tmp_path / "kept") as again:
        entries = get(again, "/callbacks").json
    assert [e["job_id"] for e in entries] == ["j0", "j1", "j2", "j3"]
    assert [e["received_at"][:4] for e in entries] == ["2027", "1970", "2099", "2027"]
    assert all(e.get("seconds", 0) >= 0 for e in entries)


def test_a_line_cut_off_by_a_crash_spoils_no_later_line(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with running(folder) as first:
        post(first, callback("before"))
    with (folder / "journal.ndjson").open("ab") as torn:
        torn.write(b'{"number":2,"recei')

    with running(folder) as second:
        post(second, callback("after"))
        assert [e["job_id"] for e in get(second, "/callbacks").json] == ["before", "after"]
    with running(folder) as third:
        assert [e["job_id"] for e in get(third, "/callbacks").json] == ["before", "after"]


def test_two_servers_on_one_folder_do_not_destroy_each_others_files(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    body = callback("same", image=PNG * 500)
    with running(folder) as one, connect(one) as upload:
        upload.sendall(head(len(body)) + body[:-100])
        with running(folder) as two, ThreadPoolExecutor(4) as clients:
            answers = clients.map(
                lambda n: post([one, two][n % 2], callback("same", image=PNG + bytes([n]))),
                range(40),
            )
            assert {a.status for a in answers} == {200}
        upload.sendall(body[-100:])
        one.wait_for_delivery(lambda d: d.image is not None and d.image.size == len(PNG) * 500)

    entries = journal(folder)
    assert len(entries) == 41
    assert len({e.image.path for e in entries if e.image}) == 41
    for entry in entries:
        assert entry.image is not None
        content = (folder / entry.image.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.image.sha256


def test_a_start_removes_nothing_that_it_did_not_make(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    mine = {"notes.txt", "images/mine.png", "images/sub/deep.png", ".incoming/x.part", "a/b.png"}
    for name in mine:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    with running(folder) as run:
        post(run, callback("mine"))

    for name in mine:
        assert (folder / name).read_text() == name
    assert (folder / "images/mine.2.png").read_bytes() == PNG


def test_without_hard_links_names_are_still_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    with running(tmp_path / "kept") as run:
        for n in range(2):
            assert post(run, callback(image=PNG + bytes([n]))).status == 200
        assert (run.folder / "images/job-1.png").read_bytes() == PNG + b"\0"
        assert (run.folder / "images/job-1.2.png").read_bytes() == PNG + b"\1"


@pytest.mark.parametrize("nameless", [True, False])
def test_what_a_dead_server_left_is_swept_and_what_a_live_one_has_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:
        monkeypatch.setattr(Spool, "_can_be_nameless", lambda _self: False)
    dead = tmp_path / "dead.server"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "1.part").write_bytes(b"half a pict")
    live = Spool(tmp_path)
    descriptor, path = live.new()
    assert (path is None) is nameless

    again = Spool(tmp_path)

    assert not dead.exists()
    assert path is None or path.exists()
    os.close(descriptor)
    again.close()
    live.close()
    assert list(tmp_path.iterdir()) == []


def entry(
    number: int, *, secret: str = "match", error: str = "", job_id: str | None = None
) -> CallbackEntry:
    received_at = "2026-01-02T03:04:05.000+00:00"
    return CallbackEntry(
        number=number, received_at=received_at, secret=secret, error=error, job_id=job_id
    )


def listed(index: CallbackIndex) -> list[int]:
    return [decode(line).number for line in index.since(0)]


def fill(index: CallbackIndex, entries: list[CallbackEntry]) -> None:
    for e in entries:
        index.add(e, encode(e))


def test_the_list_in_memory_is_bounded_in_number_and_bytes() -> None:
    few, small = CallbackIndex(Limits(keep=3)), CallbackIndex(Limits(keep_bytes=2500))

    fill(few, [entry(n) for n in range(1, 10)])
    fill(small, [entry(n, error="x" * 900) for n in range(1, 10)])

    assert listed(few) == [7, 8, 9]
    assert listed(small) == [8, 9]


def test_refused_attempts_displace_no_callback() -> None:
    index = CallbackIndex(Limits(keep=3, keep_refused=2))

    fill(index, [entry(1), *(entry(n, secret="wrong") for n in range(2, 100))])

    assert listed(index) == [1, 98, 99]
    assert [decode(line).number for line in index.since(98)] == [99]


def test_strangers_cannot_fill_the_disk(tmp_path: Path) -> None:
    with running(tmp_path / "kept", limits=Limits(refused_journal=1000)) as run:
        for _ in range(30):
            post(run, secret="wrong")
        post(run)
        assert (run.folder / "journal.ndjson").stat().st_size < 3000
        assert journal(run.folder)[-1].answered == 200
        assert len(run.deliveries(31)) == 31


def test_only_the_end_of_a_long_journal_is_read_into_memory(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as run:
        for n in range(5):
            post(run, callback(f"j{n}", image=None))
    store = Store(tmp_path / "kept")
    try:
        count, lines = store.earlier(2)
    finally:
        store.close()
    assert (count, [decode(line).job_id for line in lines]) == (5, ["j3", "j4"])


def test_a_restart_lists_a_hundred_thousand_callbacks(tmp_path: Path) -> None:
    """Also those whose number in the journal is not that of their line: two servers wrote it."""
    numbers = [*range(1, 50_001), *range(1, 50_001)]
    lines = b"".join(encode(entry(n, job_id=f"j{k}")) + b"\n" for k, n in enumerate(numbers, 1))
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "journal.ndjson").write_bytes(lines)

    with running(folder) as run:
        post(run, callback("new", image=None))
        listed = get(run, "/callbacks").json
        of_one = get(run, "/callbacks/j70000").json

    assert [e["number"] for e in listed] == list(range(1, 100_002))
    assert [e["job_id"] for e in listed] == [*(f"j{n}" for n in range(1, 100_001)), "new"]
    assert [e["number"] for e in of_one] == [70_000]


def test_callbacks_of_a_job_are_found_until_they_are_displaced() -> None:
    index = CallbackIndex(Limits(keep=3))

    fill(index, [entry(n, job_id="ab"[n % 2]) for n in range(1, 6)])

    assert [decode(line).number for line in index.of_job("a")] == [4]
    assert [decode(line).number for line in index.of_job("b")] == [3, 5]
    fill(index, [entry(n) for n in range(6, 9)])
    assert index.of_job("a") == index.of_job("b") == []

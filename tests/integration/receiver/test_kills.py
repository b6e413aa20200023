"""What was acknowledged is stored, at whatever point of its work the server is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests import ROOT
from tests.support.doomed_servers import POINTS
from tests.support.kills import Tally, compare, picture, run
from tests.support.receiver_support import SECRET, answer_of, callback, get, head, post, running

SCRIPT = ROOT / "tests" / "e2e" / "async_inference" / "callback_server.py"


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """Twice at each point of writing, naming and noting a picture; ``make kills`` does 500."""
    folder = tmp_path / "kept"

    tally = run(2 * len(POINTS), 400, folder, seed=1)

    assert len(tally.acknowledged) > 100
    assert (tally.lost, tally.damaged) == ([], [])
    with running(folder) as again:
        listed = {e["job_id"] for e in get(again, "/callbacks").json}
        assert tally.acknowledged <= listed
        assert len(list((folder / ".incoming").iterdir())) == 1


def test_the_comparison_sees_what_is_lost_and_what_is_damaged(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as server:
        for job_id in ("whole", "cut"):
            assert post(server, callback(job_id, image=picture(job_id))).status == 200
        cut = server.folder / "images" / "cut.png"
        cut.write_bytes(cut.read_bytes()[:-1])
        tally = Tally()
        compare(server.folder, {"whole", "cut", "gone"}, tally)

    assert (tally.lost, tally.damaged) == (["gone"], ["cut"])


def _mounts() -> bool:
    trial = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(trial, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(not _mounts(), reason="no disk can be mounted here (unshare -rm)")


@contextmanager
def small_disk(
    tmp_path: Path, options: str
) -> Iterator[tuple[subprocess.Popen[str], Path, list[str]]]:
    """A server whose folder is a disk of its own: the process, the folder, what it printed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    server = [sys.executable, str(SCRIPT), "--host=127.0.0.1", "--port=0", f"--folder={folder}"]
    mount = 'mount -t tmpfs -o "$0" none "$1" && shift && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", mount, options, str(folder), *server]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            inside = Path(f"/proc/{process.pid}/root{folder}")
            yield process, inside, [process.stdout.readline()]
        finally:
            process.kill()


def deliver(url: str, job_id: str, size: int) -> int:
    content = picture(job_id) + bytes(size)
    return requests.post(
        f"{url}/callback",
        {"job_id": job_id, "status": "completed"},
        files={"image": ("r.png", content, "image/png")},
        headers={"X-Callback-Secret": SECRET},
        timeout=20,
    ).status_code


def readable(journal: Path) -> Iterator[dict[str, Any]]:
    """The entries; a full disk leaves a part of a line."""
    for line in journal.read_bytes().splitlines():
        with suppress(ValueError):
            yield json.loads(line)


@needs_mounts
@pytest.mark.parametrize("size", [200_000, 100])
def test_a_full_disk_is_answered_507_and_loses_nothing(tmp_path: Path, size: int) -> None:
    """With large pictures there is no room for the next; with small ones none for the journal."""
    with small_disk(tmp_path, "size=1m") as (_, folder, (first,)):
        url = first.split("POST ")[1].split("/callback")[0]
        answers = {f"j{n}": deliver(url, f"j{n}", size) for n in range(250)}
        taken = [job_id for job_id, status in answers.items() if status == 200]

        assert set(answers.values()) == {200, 507}
        assert {e["job_id"] for e in readable(folder / "journal.ndjson") if e.get("stored")} == {
            *taken
        }
        for job_id in taken:
            assert (folder / f"images/{job_id}.png").read_bytes() == picture(job_id) + bytes(size)
        assert {p.stem for p in (folder / "images").iterdir()} == set(taken)

        (folder / f"images/{taken[0]}.png").unlink()
        (folder / f"images/{taken[1]}.png").unlink()
        assert deliver(url, "there is room again", 10) == 200


@needs_mounts
def test_a_folder_that_can_only_be_read_is_named_at_the_start(tmp_path: Path) -> None:
    with small_disk(tmp_path, "ro") as (process, _, _):
        assert process.stderr is not None
        told = process.stderr.read()
        assert process.wait(20) == 3
    assert "cannot write to" in told
    assert told.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_named_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o500)
    command = [sys.executable, str(SCRIPT), "--port=0", f"--folder={folder}"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode == 3
    assert "cannot write to" in ended.stderr


def test_a_stopped_process_that_goes_on_has_lost_nothing(tmp_path: Path) -> None:
    """As when a laptop sleeps, or a container is paused, in the middle of a callback."""
    folder = tmp_path / "kept"
    command = [sys.executable, str(SCRIPT), "--host=127.0.0.1", "--port=0", f"--folder={folder}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split("POST ")[1].split("/callback")[0]
            process.send_signal(signal.SIGSTOP)
            body = callback("asleep", image=picture("asleep"))
            with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=20) as sock:
                sock.sendall(head(len(body)) + body)
                process.send_signal(signal.SIGCONT)
                answer = answer_of(sock)
            assert answer is not None
            assert answer.status == 200
            assert (folder / "images/asleep.png").read_bytes() == picture("asleep")
        finally:
            process.kill()

"""``asyncproof replay`` sends what was recorded, whole, and says what became of it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncproof.cli.replay import replay
from asyncproof.history.events import File
from asyncproof.receiver.storage.entries import CallbackEntry, decode, encode
from asyncproof.run.replay import recorded
from tests.support.receiver_support import (
    PNG,
    SECRET,
    Running,
    callback,
    form,
    get,
    part,
    post,
    running,
)


def sent(folder: Path, run: Running, *arguments: str) -> Result:
    command = [str(folder), "--to", f"{run.server.url}/callback", "--secret", SECRET]
    return CliRunner().invoke(replay, [*command, *arguments])


@pytest.mark.parametrize("pace", [[], ["--fast"]])
def test_what_was_recorded_arrives_as_it_was(tmp_path: Path, pace: list[str]) -> None:
    odd = form(
        part("job_id", "../ü \r\n".encode()),
        part("status", b"failed"),
        part("error", b"a\r\nb"),
        part("seed", b"7"),
    )
    with running(tmp_path / "one") as one:
        post(one, callback("a", image=PNG))
        post(one, callback("a", image=PNG + b"2"))
        post(one, odd)
        post(one, secret="wrong")
        post(one, b"no form")
        before = get(one, "/callbacks").json
    with running(tmp_path / "two") as two:
        result = sent(tmp_path / "one", two, *pace)
        after = get(two, "/callbacks").json

    assert result.output == "3 200\n3 of 3 callbacks were taken\n"
    assert result.exit_code == 0
    kept = ("job_id", "status", "completed_at", "error", "fields", "problems")
    told = [sorted(str([e.get(k) for k in kept]) for e in es) for es in (before[:3], after)]
    assert told[0] == told[1]
    pictures = [
        sorted((p / "images" / n).read_bytes() for n in ("a.png", "a.2.png"))
        for p in (tmp_path / "one", tmp_path / "two")
    ]
    assert pictures[0] == pictures[1]


def test_what_is_not_taken_is_counted_and_fails(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one:
        post(one, callback("a"))
        post(one, callback("b"))
    (tmp_path / "one/images/b.png").unlink()
    with running(tmp_path / "two") as two:
        result = sent(tmp_path / "one", two, "--fast", "--secret", "another")

    assert result.exit_code == 1
    assert "1 401\n1 its picture is not there any more\n0 of 2" in result.output


def test_a_receiver_that_is_away_is_an_outcome(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one:
        post(one)
    result = sent(tmp_path / "one", one, "--fast")

    assert result.exit_code == 1
    assert result.output.startswith("1 not sent: ClientConnector")


@pytest.mark.parametrize(
    "image",
    [
        File(path="../secret.png", sha256="", size=1),
        File(path="/etc/hostname", sha256="", size=1),
        File(path="images/../secret.png", sha256="", size=1),
        File(path="images/a.png", sha256="", size=1, content_type="a\r\nX-Evil: 1"),
    ],
)
def test_an_edited_journal_sends_nothing_but_pictures(tmp_path: Path, image: File) -> None:
    (tmp_path / "one/images").mkdir(parents=True)
    for place in ("one/images/a.png", "one/secret.png", "secret.png"):
        (tmp_path / place).write_bytes(b"1")
    line = encode(entry("2026-01-02T03:04:05Z", image=image))
    (tmp_path / "one/journal.ndjson").write_bytes(line + b"\n")
    with running(tmp_path / "two") as two:
        result = sent(tmp_path / "one", two, "--fast")
        assert get(two, "/callbacks").json == []

    assert result.exit_code == 1


def entry(received_at: str, *, secret: str = "match", image: File | None = None) -> CallbackEntry:
    return CallbackEntry(
        number=1, received_at=received_at, secret=secret, stored=True, job_id="a", image=image
    )


def test_the_pace_is_that_of_the_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal.ndjson"
    entries = [
        entry("2026-01-02T03:00:00Z", secret="wrong"),
        entry("2026-01-02T03:04:05Z"),
        entry("2026-01-02T03:04:07.500+00:00"),
        entry("2026-01-02T03:04:06Z"),  # the clock was set back
        entry("never"),
        entry("2026-01-02T04:04:10+01:00"),
    ]
    torn = b"{torn\n\n\xff\n"
    journal.write_bytes(torn + b"".join(encode(e) + b"\n" for e in entries) + b'{"number":')

    assert [offset for offset, _ in recorded(journal)] == [0.0, 2.5, 2.5, 5.0]
    assert decode(encode(entries[0])) == entries[0]


@pytest.mark.parametrize("url", ["", "ftp://x", "localhost:80", "http://", "http://x:port"])
def test_a_url_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    assert CliRunner().invoke(replay, [str(tmp_path), "--to", url]).exit_code == 2


def test_a_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(replay, [str(tmp_path), "--to", "http://127.0.0.1:9"])

    assert result.exit_code == 2
    assert "journal.ndjson cannot be read" in result.output

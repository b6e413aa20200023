"""``asyncproof clean`` removes what a policy no longer wants, and never what is not ours."""

import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.cli.clean import clean
from asyncproof.history.events import File
from asyncproof.receiver.storage.entries import CallbackEntry, decode, encode
from asyncproof.receiver.storage.retention import Keep, Kept, keep, unwanted
from asyncproof.receiver.storage.store import Store
from tests.support.receiver_support import callback, get, post, running

DAY = 86_400.0
OLD, NEW = "20200102-030405-beef", "20990102-030405-cafe"
PICTURE = "pictures/0123456789abcdef0123.png"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], Keep()),
        (["30d"], Keep(seconds=30 * DAY)),
        (["12h", "1.5GB"], Keep(DAY / 2, 1.5e9)),
        (["4w", "30d", "5GB", "10MB"], Keep(28 * DAY, 10e6)),
        (["0d"], Keep(seconds=0)),
    ],
)
def test_a_policy_is_an_age_and_a_size(texts: list[str], expected: Keep) -> None:
    assert keep(texts) == expected


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "1e9d", "30 d", "5gb", "5B", "\u0663d", "nan"]
)
def test_any_other_policy_is_refused(text: str) -> None:
    result = CliRunner().invoke(clean, ["--keep", text, "--yes"])

    assert result.exit_code == 2
    assert "no age such as 12h" in result.output


@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), max_size=20),
    st.floats(0, 100),
    st.integers(0, 200),
)
def test_what_stays_is_young_and_small_and_the_newest(
    items: list[tuple[float, int]], age: float, size: int
) -> None:
    kept = [Kept((), when, length, n) for n, (when, length) in enumerate(items)]

    gone = unwanted(kept, Keep(age, size), now=100.0)

    stays = [k for k in kept if k not in gone]
    assert sum(k.size for k in stays) <= size
    assert all(100.0 - k.when <= age for k in stays)
    assert all(g.when <= s.when for g in gone for s in stays)
    assert unwanted(kept, Keep(), now=100.0) == []


def run_folder(reports: Path, name: str, *, age_days: float = 100) -> Path:
    folder = reports / name
    (folder / "pictures").mkdir(parents=True)
    for file in ("history.ndjson", "verdict.json", "report.html", PICTURE):
        (folder / file).write_bytes(b"x" * 1000)
    when = folder.stat().st_mtime - age_days * DAY
    os.utime(folder / "history.ndjson", (when, when))
    return folder


def cleaned(tmp_path: Path, *arguments: str) -> Result:
    where = ["--reports", str(tmp_path / "reports"), "--callbacks", str(tmp_path / "kept")]
    return CliRunner().invoke(clean, [*where, *arguments])


def everything(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


def test_nothing_is_removed_without_yes(tmp_path: Path) -> None:
    run_folder(tmp_path / "reports", OLD)
    before = everything(tmp_path)

    result = cleaned(tmp_path, "--keep", "30d")

    assert result.exit_code == 0
    assert "1 runs" in result.output
    assert "not wanted any more: 1" in result.output
    assert "Nothing was removed" in result.output
    assert everything(tmp_path) == before


def test_old_runs_are_removed_and_new_ones_stay(tmp_path: Path) -> None:
    run_folder(tmp_path / "reports", OLD)
    new = run_folder(tmp_path / "reports", NEW, age_days=1)

    assert cleaned(tmp_path, "--keep", "30d", "--yes").exit_code == 0

    assert list((tmp_path / "reports").iterdir()) == [new]
    assert cleaned(tmp_path, "--yes").exit_code == 0
    assert new.exists()


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    run_folder(reports, "my holiday")
    run_folder(reports, "20200102-030405-beef.bak")
    (run_folder(reports, "20200102-030405-0001") / "notes.txt").touch()
    (run_folder(reports, "20200102-030405-0002") / "pictures/mine.png").touch()
    (run_folder(reports, "20200102-030405-0003") / "more").mkdir()
    (run_folder(reports, "20200102-030405-0004") / "history.ndjson").unlink()
    elsewhere = run_folder(tmp_path / "elsewhere", OLD)
    (reports / OLD).symlink_to(elsewhere, target_is_directory=True)
    linked = run_folder(reports, "20200102-030405-0005")
    (linked / "verdict.json").unlink()
    (linked / "verdict.json").symlink_to(tmp_path / "elsewhere" / OLD / "verdict.json")
    run_folder(reports, "20200102-030405-0006", age_days=0)  # it may still be running
    (reports / "20200102-030405-0007").write_text("a file")
    before = everything(tmp_path)

    assert cleaned(tmp_path, "--keep", "0d", "--keep", "0MB", "--yes").exit_code == 0

    assert everything(tmp_path) == before


def age(folder: Path, job_id: str, received_at: str) -> None:
    """Let a callback in the journal have come at another time."""
    journal = folder / "journal.ndjson"
    entries = [decode(line) for line in journal.read_bytes().splitlines()]
    aged = [
        msgspec.structs.replace(e, received_at=received_at) if e.job_id == job_id else e
        for e in entries
    ]
    journal.write_bytes(b"".join(encode(e) + b"\n" for e in aged))


def test_old_callbacks_go_with_their_picture_and_their_line(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as run:
        for job_id in ("old", "new"):
            post(run, callback(job_id))
    age(run.folder, "old", "2020-01-02T03:04:05.000+00:00")
    with (run.folder / "journal.ndjson").open("ab") as journal:
        journal.write(b"torn {\n")

    assert cleaned(tmp_path, "--keep", "30d", "--yes").exit_code == 0

    assert run.images() == {"new.png"}
    lines = (run.folder / "journal.ndjson").read_bytes().splitlines()
    assert [decode(lines[0]).job_id, *lines[1:]] == ["new", b"torn {"]
    with running(tmp_path / "kept") as again:
        assert [e["job_id"] for e in get(again, "/callbacks").json] == ["new"]


def test_pictures_that_the_journal_does_not_vouch_for_stay(tmp_path: Path) -> None:
    Store(tmp_path / "kept").close()
    images, outside = tmp_path / "kept/images", tmp_path / "outside.png"
    outside.write_bytes(b"123")
    (images / "not-listed.png").write_bytes(b"123")
    (images / "other-size.png").write_bytes(b"1234")
    (images / "link.png").symlink_to(outside)
    paths = ["images/other-size.png", "images/link.png", "../outside.png", "images/../outside.png"]
    entries = [
        CallbackEntry(
            number=n,
            received_at="2020-01-02T03:04:05.000+00:00",
            secret="match",
            image=File(path=path, sha256="", size=3),
        )
        for n, path in enumerate([*paths, str(outside)], 1)
    ]
    journal = tmp_path / "kept/journal.ndjson"
    journal.write_bytes(b"".join(encode(e) + b"\n" for e in entries))
    before = everything(tmp_path)

    assert cleaned(tmp_path, "--keep", "0d", "--yes").exit_code == 0

    assert everything(tmp_path) == before
    assert journal.read_bytes() == b""


def test_callbacks_stay_while_a_server_uses_them(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as run:
        post(run)
        before = run.files(), (run.folder / "journal.ndjson").read_bytes()

        result = cleaned(tmp_path, "--keep", "0d", "--yes")

        assert result.exit_code == 3
        assert "stop it first" in result.output
        assert (run.files(), (run.folder / "journal.ndjson").read_bytes()) == before


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    result = cleaned(tmp_path, "--keep", "0d", "--yes")

    assert result.exit_code == 0
    assert result.output.count("0.0 MB; not wanted any more: 0") == 2
    assert everything(tmp_path) == set()

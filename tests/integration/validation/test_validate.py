"""``cli validate``: real files, all outputs, shares, resuming, and its exit codes."""

import csv
import errno
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.cli.validate import validate
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.images.describe import Problem
from asyncproof.validation import files, work
from asyncproof.validation.files import FileShard, find_files
from asyncproof.validation.resume import read_done
from asyncproof.validation.work import ValidationRules, judge_files
from tests import ROOT
from tests.support.picture_files import encoded, scene

SOUND = encoded(scene(96, 1))


def black_bottom() -> bytes:
    pixels = scene(128, 2)
    pixels[80:] = 0
    return encoded(pixels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures, three of them bad, one below another folder, and a file that is none."""
    root = tmp_path / "pictures"
    (root / "more").mkdir(parents=True)
    (root / "a.png").write_bytes(SOUND)
    (root / "b.png").write_bytes(SOUND[:-40])
    (root / "more" / "c.jpg").write_bytes(SOUND)
    (root / "more" / "d.PNG").write_bytes(black_bottom())
    (root / "more" / "e.jpeg").write_bytes(encoded(scene(96, 3), "JPEG"))
    (root / "notes.txt").write_text("no picture")
    return root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(validate, [str(a) for a in arguments])


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_is_judged_with_all_below_it(folder: Path) -> None:
    """The table names each bad picture and why; the summary counts; findings end with 1."""
    done = run(folder)
    assert done.exit_code == ExitCode.FINDINGS
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["truncated", "type", "dead"]
    assert (
        lines[1]
        == f"type          {folder}/more/c.jpg: bytes are PNG, against the name c.jpg (at byte 0)"
    )
    assert "rows 80–127 are flat black" in lines[2]
    assert done.stderr.startswith("5 images judged in")
    assert "3 of them invalid" in done.stderr


def test_sound_pictures_end_with_0(folder: Path) -> None:
    """A file and a glob name the same picture, which is judged as often as it is named."""
    done = run(folder / "a.png", folder / "a*", "--format", "jsonl")
    assert done.exit_code == ExitCode.PASS
    assert rows(done.stdout) == [{"path": str(folder / "a.png"), "valid": True, "problems": []}] * 2


def test_no_picture_is_not_a_pass(tmp_path: Path) -> None:
    """An empty folder proves nothing."""
    assert run(tmp_path).exit_code == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such.png"], "there is nothing at no/such.png"),
        (["no*such"], "there is nothing at no*such"),
        ([".", "--expect", "1024"], "is not WIDTHxHEIGHT"),
        ([".", "--shard", "4/4"], "is not i/n"),
        ([".", "--resume"], "--resume needs the --output"),
        ([".", "--resume", "--output", "x.txt"], "--resume needs the --output"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], words: str) -> None:
    """Usage errors end with 2 and one line."""
    done = run(*arguments)
    assert done.exit_code == ExitCode.USAGE
    assert words in done.stderr


def test_an_output_that_cannot_be_written_is_no_finding(folder: Path, tmp_path: Path) -> None:
    """A folder that does not exist is named."""
    done = run(folder, "--output", tmp_path / "no" / "out.csv")
    assert done.exit_code == ExitCode.SETUP_FAILED
    assert str(tmp_path / "no" / "out.csv") in done.stderr


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """A link to nothing is told, and the run goes on."""
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "z.png").write_bytes(SOUND)
    done = run(tmp_path)
    assert done.exit_code == ExitCode.FINDINGS
    assert "gone.png: file cannot be read: No such file or directory" in done.stdout
    assert "2 images judged" in done.stderr


def test_a_folder_that_cannot_be_read_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its permissions keep us out; the pictures beside it are judged."""
    scandir = os.scandir

    def guarded(path: str) -> object:
        if Path(path).name == "more":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    done = run(folder)
    assert done.exit_code == ExitCode.FINDINGS
    assert f"{folder}/more: folder cannot be read: Permission denied\n" in done.stdout
    assert len(done.stdout.splitlines()) > 1


def test_a_path_behind_a_closed_folder_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there is something cannot be told, so that it is no wrong call but a finding."""
    hidden = str(folder / "a.png")
    lstat, stat = os.lstat, Path.stat

    def refused(path: object, real: Callable[..., os.stat_result]) -> os.stat_result:
        if os.fspath(path) == hidden:  # type: ignore[call-overload]
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), hidden)
        return real(path)

    monkeypatch.setattr(os, "lstat", lambda path: refused(path, lstat))
    monkeypatch.setattr(os.path, "isdir", lambda path: path != hidden)
    monkeypatch.setattr(Path, "stat", lambda path, **_: refused(path, stat))
    done = run(hidden)
    assert done.exit_code == ExitCode.FINDINGS
    assert "a.png: file cannot be read: Permission denied" in done.stdout


def test_what_is_no_file_is_a_finding_and_is_not_opened(tmp_path: Path) -> None:
    """A pipe, which nobody writes to, and a device without an end."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    for options in ([], ["--rules", "spec"]):
        done = run(tmp_path, *options)
        assert done.exit_code == ExitCode.FINDINGS
        assert done.stdout.count("not a file") == 2


def test_a_fault_of_ours_does_not_end_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said of the picture that we stumbled on, and the others are judged."""

    def stumbles(path: Path, **_options: object) -> tuple[Problem, ...]:
        if path.name == "a.png":
            raise MemoryError
        return ()

    monkeypatch.setattr(work, "describe_file", stumbles)
    done = run(folder)
    assert done.exit_code == ExitCode.FINDINGS
    assert f"{folder}/a.png: judging it failed: MemoryError\n" in done.stdout
    assert "5 images judged" in done.stderr


def test_names_that_are_no_text_are_judged(tmp_path: Path) -> None:
    """A file name of stray bytes, and one with a line break, come out in every format."""
    for name in (b"\xff\xfe.png", b"two\nlines.png"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(SOUND[:-1])
    for form in ("table", "jsonl", "csv"):
        done = run(tmp_path, "--format", form)
        assert done.exit_code == ExitCode.FINDINGS, done.output
    page = tmp_path / "page.html"
    assert run(tmp_path, "--gallery", page).exit_code == ExitCode.FINDINGS
    assert "lines.png" in page.read_text()


def test_the_expected_size_is_a_finding(folder: Path) -> None:
    """Another size than --expect."""
    done = run(folder / "a.png", "--expect", "1024x1024")
    assert "96x96 pixels instead of 1024x1024" in done.stdout


def test_the_six_rules_are_to_be_had_by_name(folder: Path) -> None:
    """--rules spec gives the reasons of the six rules."""
    done = run(folder / "a.png", "--rules", "spec", "--expect", "1024x1024")
    assert f"File too small ({len(SOUND)} bytes, expected >100000)" in done.stdout


def test_csv_has_one_row_for_each_picture(folder: Path, tmp_path: Path) -> None:
    """The format follows the name of the output."""
    out = tmp_path / "out.csv"
    assert run(folder, "--output", out).exit_code == ExitCode.FINDINGS
    table = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["valid"] for row in table] == ["true", "false", "false", "false", "true"]


def test_shares_are_disjoint_and_complete(folder: Path) -> None:
    """Three workers judge each picture exactly once."""
    shares = [rows(run(folder, "--shard", f"{i}/3", "--format", "jsonl").stdout) for i in range(3)]
    seen = sorted(str(row["path"]) for share in shares for row in share)
    assert seen == sorted(find_files([str(folder)], FileShard()))


@given(st.integers(1, 50), st.text(min_size=1).filter(lambda t: max(t) < "\ud800"))
def test_every_path_is_in_one_share(count: int, path: str) -> None:
    """Whatever the path and the number of shares."""
    assert sum(FileShard(i, count).holds(path) for i in range(count)) == 1


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_interrupted_run_goes_on(folder: Path, tmp_path: Path, form: str) -> None:
    """Cut off in the middle of a line, the output ends as if nothing had happened."""
    whole, cut = tmp_path / f"whole.{form}", tmp_path / f"cut.{form}"
    run(folder, "--output", whole)
    text = whole.read_bytes()
    cut.write_bytes(text[: len(text) // 2])
    done = run(folder, "--output", cut, "--resume")
    assert done.exit_code == ExitCode.FINDINGS
    assert cut.read_bytes() == text
    again = run(folder, "--output", cut, "--resume")
    assert again.exit_code == ExitCode.FINDINGS
    assert "5 judged before, 3 of them invalid" in again.stderr
    assert cut.read_bytes() == text


def test_a_resumed_run_of_sound_pictures_passes(folder: Path, tmp_path: Path) -> None:
    """What was judged before counts: nothing is left to judge, and nothing was wrong."""
    out = tmp_path / "out.jsonl"
    for options in ([], ["--resume"]):
        done = run(folder / "a.png", "--output", out, *options)
        assert done.exit_code == ExitCode.PASS


def test_the_page_of_a_resumed_run_shows_what_was_found_before(
    folder: Path, tmp_path: Path
) -> None:
    """All three of them, though the first was judged by the run that was interrupted."""
    out, page = tmp_path / "out.jsonl", tmp_path / "bad.html"
    run(folder / "a.png", folder / "b.png", "--output", out)
    assert run(folder, "--output", out, "--resume", "--gallery", page).exit_code
    assert page.read_text().count("<article") == 3


def test_a_foreign_output_is_not_continued(folder: Path, tmp_path: Path) -> None:
    """A file of somebody else is left alone."""
    out = tmp_path / "out.jsonl"
    out.write_text("not ours\n")
    assert run(folder, "--output", out, "--resume").exit_code == ExitCode.USAGE
    assert out.read_text() == "not ours\n"


def test_the_page_shows_each_bad_picture_with_its_region(folder: Path, tmp_path: Path) -> None:
    """Thumbnails, frames, reasons; text from outside is escaped."""
    (folder / "<img src=x>.png").write_bytes(b"<script>alert(1)</script>")
    page = tmp_path / "bad.html"
    run(folder, "--gallery", page)
    html = page.read_text()
    assert html.count("<article") == 4
    assert html.count("data:image/webp") == 3
    assert html.count("<figcaption>the part that can be decoded") == 1
    assert "top: 62.5%" in html
    assert "<img src=x>" not in html
    assert "&lt;img src=x&gt;.png" in html


def test_all_cores_give_the_same_in_the_same_order(tmp_path: Path) -> None:
    """Two processes and one, forty pictures."""
    for n in range(40):
        (tmp_path / f"{n:02}.png").write_bytes(SOUND[: len(SOUND) - n % 3])
    paths = list(find_files([str(tmp_path)], FileShard()))
    assert list(judge_files(paths, ValidationRules(), 2, compiled=False)) == list(
        judge_files(paths, ValidationRules(), 1, compiled=False)
    )


class Deadly(ValidationRules):
    """ValidationRules that take their process down at one file, as a bug in a decoder does."""

    def judge(self, path: str) -> object:  # type: ignore[override]
        if path.endswith("13.png"):
            os._exit(9)
        return super().judge(path)


class Damaging(ValidationRules):
    """ValidationRules with which one file does damage, so that a later one is the end."""

    damaged: ClassVar[list[str]] = []

    def judge(self, path: str) -> object:  # type: ignore[override]
        if path.endswith("12.png"):
            self.damaged.append(path)
        if path.endswith("14.png") and self.damaged:
            os._exit(9)
        return super().judge(path)


@pytest.mark.parametrize(("rules", "blamed"), [(Deadly(), ["13.png"]), (Damaging(), [])])
def test_a_decoder_that_dies_is_a_finding_of_the_file_that_kills_it_alone(
    tmp_path: Path, rules: ValidationRules, blamed: list[str]
) -> None:
    """The others are judged all the same, in their order."""
    for n in range(work.FEW + 1):
        (tmp_path / f"{n:02}.png").write_bytes(SOUND)
    paths = list(find_files([str(tmp_path)], FileShard()))
    judged = list(judge_files(paths, rules, 2, compiled=False))
    assert [one.path for one in judged] == paths
    bad = {Path(one.path).name: one.problems[0].kind for one in judged if not one.is_valid}
    assert bad == dict.fromkeys(blamed, "crash")


def test_files_are_found_as_they_are_asked_for(tmp_path: Path) -> None:
    """Nothing is listed ahead of the folder that is being walked."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
    found: Iterator[str] = find_files([str(tmp_path)], FileShard())
    assert next(found).endswith("a/x.png")
    (tmp_path / "b" / "y.png").touch()
    assert [Path(p).name for p in found] == ["x.png", "y.png"]


def test_large_folders_are_walked_in_slabs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More names than are held at a time: each comes once, in folders and in patterns."""
    monkeypatch.setattr(files, "SLAB", 2)
    names = {str(tmp_path / f"{n}.png") for n in range(5)}
    for name in names:
        Path(name).touch()
    for asked in (tmp_path, tmp_path / "*.png"):
        found = list(find_files([str(asked)], FileShard()))
        assert (len(found), set(found)) == (5, names)


@dataclass(frozen=True)
class Entry:
    """As ``os.scandir`` gives it."""

    path: str

    @property
    def name(self) -> str:
        return Path(self.path).name

    def is_dir(self, **_options: bool) -> bool:
        return not self.path.endswith(".png")


def test_folders_may_be_nested_deeper_than_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three thousand folders, one in the other, and a picture in the last."""

    def scandir(folder: str) -> AbstractContextManager[Iterator[Entry]]:
        inside = "d" if folder.count("/d") < 3000 else "x.png"
        return nullcontext(iter([Entry(f"{folder}/{inside}")]))

    monkeypatch.setattr(os, "scandir", scandir)
    (found,) = find_files([str(tmp_path)], FileShard())
    assert found.endswith("/d/d/x.png")


def test_what_is_done_takes_eight_bytes(tmp_path: Path) -> None:
    """A resumed run of millions fits into memory, and finds each path again."""
    out = tmp_path / "out.jsonl"
    out.write_text(
        "".join(json.dumps({"path": f"p{n}", "valid": True}) + "\n" for n in range(5000))
    )
    done = read_done(out, "jsonl")
    assert len(done) == 5000
    assert all(f"p{n}" in done for n in range(0, 5000, 100))
    assert "p5000" not in done
    assert done._keys.dtype == np.uint64


def on_a_terminal(*arguments: object, stdout: Path | None = None) -> str:
    """What a terminal of 200 columns is sent; standard output may go to a file."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "asyncproof.cli.validate"]
    out = stdout.open("w") if stdout else os.fdopen(os.dup(follower), "w")
    environment = os.environ | {"COLUMNS": "200", "TERM": "xterm"}
    with (
        out,
        subprocess.Popen(
            [*command, *map(str, arguments)], stdout=out, stderr=follower, cwd=ROOT, env=environment
        ),
    ):
        os.close(follower)
        shown = b""
        with suppress(OSError):  # the terminal closes with its last process
            while True:
                out.close()
                shown += os.read(leader, 1 << 16)
    os.close(leader)
    return shown.decode()


def test_the_bar_stays_below_the_results(folder: Path) -> None:
    """Each line of the table stands alone, and the bar tells rate and time left."""
    shown = on_a_terminal(folder)
    for line in shown.replace("\r\x1b[2K", "\n").split("\n"):
        assert not ("images per second" in line and str(folder) in line)
    assert "5/5" in shown
    assert "left" in shown


def test_results_go_where_standard_output_goes(folder: Path, tmp_path: Path) -> None:
    """Only the bar is on the terminal when they are piped."""
    out = tmp_path / "table.txt"
    shown = on_a_terminal(folder, stdout=out)
    assert str(folder) not in shown
    assert "5/5" in shown
    assert len(out.read_text().splitlines()) == 3


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More pictures than are judged before an interrupt arrives."""
    (tmp_path / "0.png").write_bytes(SOUND)
    for n in range(1, 3000):
        (tmp_path / f"{n}.png").symlink_to(tmp_path / "0.png")
    return tmp_path


@contextmanager
def running(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run by its module, in a process group of its own."""
    module = "asyncproof.cli.validate"
    command = [sys.executable, "-m", module, str(folder), "--rules", "spec", "--format", "jsonl"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "--workers", "2"],
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
        cwd=ROOT,
    ) as process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_tidily(many: Path, number: signal.Signals) -> None:
    """Ctrl-C, or the end of a pod, to all of its processes: no traceback, exit code 4, whole lines,
    and the way on."""
    with running(many) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        os.killpg(process.pid, number)
        rest, said = process.stdout.read(), process.stderr.read()
    assert process.returncode == ExitCode.INCONCLUSIVE, said
    assert "Traceback" not in said
    assert "--resume" in said
    assert 0 < len(rows(first + rest)) < 3000


def test_a_killed_run_leaves_no_worker_behind(many: Path) -> None:
    """The workers hold the output open; it closes when the last of them is gone."""
    with running(many) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.stdout.read()

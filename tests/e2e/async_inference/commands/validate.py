"""``cli validate``: judge pictures that exist already, one or millions."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.text import Text

from tests.e2e.async_inference.commands.usage import usage_error
from tests.e2e.async_inference.pictures.file import Size
from tests.e2e.async_inference.validation.bad_ones import BadOnes
from tests.e2e.async_inference.validation.files import (
    NoSuchPathError,
    Shard,
    check_paths,
    find_files,
)
from tests.e2e.async_inference.validation.output import COLUMNS, WRITERS, Sink, Tally, Writer
from tests.e2e.async_inference.validation.resume import FORMATS, Done, ResumeError, read_done
from tests.e2e.async_inference.validation.work import INTERRUPTS, Judged, Rules, judge_files
from tests.harness.exit_codes import ExitCode

Judge: TypeAlias = Callable[[Iterable[str]], Iterator[Judged]]
_SIZE = re.compile(r"([1-9]\d{0,5})[x×]([1-9]\d{0,5})")


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> Size | None:
    if value is None:
        return None
    found = _SIZE.fullmatch(value)
    if not found:
        raise click.BadParameter(f"{value!r} is not WIDTHxHEIGHT, such as 1024x1024")
    return int(found[1]), int(found[2])


def _shard(_context: click.Context, _option: click.Parameter, value: str | None) -> Shard:
    try:
        return Shard.parse(value) if value else Shard()
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Files:
    """What is to be judged; walked once to count and once to judge."""

    paths: tuple[str, ...]
    shard: Shard
    every_file: bool
    done: Done

    def __iter__(self) -> Iterator[str]:
        found = find_files(self.paths, self.shard, every_file=self.every_file)
        return (path for path in found if path not in self.done) if len(self.done) else found

    def count(self) -> int:
        return sum(1 for _ in self)


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--expect", "expected", callback=_size, help="Size that every picture has to have.")
@click.option(
    "--rules",
    type=click.Choice(["all", "spec"]),
    default="all",
    help="all: file and looks; spec: the six rules and the black bottom.",
)
@click.option("--format", "form", type=click.Choice(list(WRITERS)), help="table: bad ones only.")
@click.option("--output", type=click.Path(path_type=Path), help="File for the results.")
@click.option("--gallery", type=click.Path(path_type=Path), help="HTML page of the bad ones.")
@click.option("--shard", callback=_shard, metavar="i/n", help="Judge share i (from 0) of n only.")
@click.option("--resume", is_flag=True, help="Go on with an --output that was interrupted.")
@click.option("--workers", type=click.IntRange(1), help="Processes; one a core if not given.")
@click.option("--every-file", is_flag=True, help="In folders, judge files of any name.")
def validate(
    *,
    paths: tuple[str, ...],
    expected: Size | None,
    rules: str,
    form: str | None,
    output: Path | None,
    gallery: Path | None,
    shard: Shard,
    resume: bool,
    workers: int | None,
    every_file: bool,
) -> None:
    """Judge the pictures at PATHS: files, folders (with all below them) and globs.

    Ends with 0 if all are valid, 1 if one is not, 4 if there was none to judge or the run was
    interrupted.
    """
    form = form or _form_of(output)
    done = _done(output, form) if resume else Done()
    try:
        check_paths(paths)
        files = _Files(paths, shard, every_file, done)
        judge = partial(
            judge_files, rules=Rules(expected, rules == "spec"), workers=workers or _cores()
        )
        with _opened(output, append=resume) as out:
            code = _run(judge, _writer(out, form, fresh=not len(done)), gallery, files)
    except NoSuchPathError as error:
        usage_error(str(error))
    except OSError as error:
        click.echo(f"Error: cannot write {error.filename}: {error.strerror}", err=True)
        code = ExitCode.SETUP_FAILED
    sys.exit(code)


def _form_of(output: Path | None) -> str:
    suffix = output.suffix[1:] if output else ""
    return suffix if suffix in WRITERS else "table"


def _done(output: Path | None, form: str) -> Done:
    if output is None or form not in FORMATS:
        usage_error("--resume needs the --output of the interrupted run, as jsonl or csv")
    try:
        return read_done(output, form)
    except ResumeError as error:
        usage_error(str(error))


def _cores() -> int:
    """The cores that this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Screen:
    """What ``sys.stdout`` is at the moment: a progress bar takes its place, to stay below."""

    def write(self, text: str, /) -> object:
        return sys.stdout.write(text)


@contextmanager
def _opened(output: Path | None, *, append: bool) -> Iterator[Sink]:
    if output is None:
        yield _Screen() if sys.stdout.isatty() else sys.stdout
        return
    with output.open("a" if append else "w", encoding="utf-8", newline="") as out:
        yield out


def _writer(out: Sink, form: str, *, fresh: bool) -> Writer:
    if form == "csv" and fresh:
        out.write(",".join(COLUMNS) + "\n")
    return WRITERS[form](out)


def _run(judge: Judge, write: Writer, gallery: Path | None, files: _Files) -> ExitCode:
    """Write each result as it comes, then the page and the summary; what the run ends with."""
    tally, bad_ones, started = Tally(), BadOnes(), time.monotonic()
    with _interrupts() as interrupts:
        for one in judge(files.done.bad) if gallery is not None else ():
            bad_ones.add(one)
        for one in _with_progress(judge(files), files):
            write(one)
            tally.add(one)
            if gallery is not None:
                bad_ones.add(one)
            if interrupts:
                break
    if gallery is not None:
        bad_ones.write(gallery)
    click.echo(tally.summary(time.monotonic() - started), err=True)
    if len(files.done):
        click.echo(
            f"{len(files.done)} judged before, {files.done.invalid} of them invalid", err=True
        )
    if interrupts:
        click.echo("Interrupted; the same command with --resume goes on from here.", err=True)
        return ExitCode.INCONCLUSIVE
    return _verdict(tally, files.done)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """An interrupt (Ctrl-C, or a scheduler's request to end) is noted, so that no line is cut in
    the middle; a second one ends the run at once."""
    noted: list[int] = []
    before = {number: signal.getsignal(number) for number in INTERRUPTS}

    def note(number: int, _frame: object) -> None:
        noted.append(number)
        put_back()

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in INTERRUPTS:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        put_back()


def _verdict(tally: Tally, done: Done) -> ExitCode:
    """Of all that the output holds, with what an interrupted run had judged before."""
    if tally.invalid or done.invalid:
        return ExitCode.FINDINGS
    if not tally.judged and not len(done):
        click.echo("There was no picture to judge (--every-file takes any name).", err=True)
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASS


def _with_progress(judged: Iterable[Judged], files: _Files) -> Iterator[Judged]:
    """The same stream; a terminal shows how far it is, how fast, and how long it will take."""
    if not sys.stderr.isatty():
        yield from judged
        return
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeLeft(), TextColumn("left"))
    console, same_screen = Console(stderr=True), sys.stdout.isatty()
    with Progress(*columns, console=console, redirect_stdout=same_screen) as progress:
        task = progress.add_task("", total=files.count())
        for one in judged:
            progress.advance(task)
            yield one


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f} pictures a second")


if __name__ == "__main__":
    validate(prog_name="validate")

"""``cli validate``: judge image files, one or millions."""

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

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.images.file.examine import Size
from asyncproof.validation.bad_ones import BadOnes
from asyncproof.validation.files import (
    FileShard,
    NoSuchPathError,
    check_paths,
    find_files,
)
from asyncproof.validation.output import COLUMNS, WRITERS, ResultSink, ValidationTally, Writer
from asyncproof.validation.resume import FORMATS, Done, ResumeError, read_done
from asyncproof.validation.work import INTERRUPTS, JudgedFile, ValidationRules, judge_files

Judge: TypeAlias = Callable[[Iterable[str]], Iterator[JudgedFile]]
_SIZE = re.compile(r"([1-9]\d{0,5})[x×]([1-9]\d{0,5})")


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> Size | None:
    if value is None:
        return None
    found = _SIZE.fullmatch(value)
    if not found:
        raise click.BadParameter(f"{value!r} is not WIDTHxHEIGHT, such as 1024x1024")
    return int(found[1]), int(found[2])


def _shard(_context: click.Context, _option: click.Parameter, value: str | None) -> FileShard:
    try:
        return FileShard.parse(value) if value else FileShard()
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Files:
    """The files to judge; walked once to count and once to judge."""

    paths: tuple[str, ...]
    shard: FileShard
    every_file: bool
    done: Done

    def __iter__(self) -> Iterator[str]:
        found = find_files(self.paths, self.shard, every_file=self.every_file)
        return (path for path in found if path not in self.done) if len(self.done) else found

    def count(self) -> int:
        return sum(1 for _ in self)


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--expect", "expected", callback=_size, help="Size that every image must have.")
@click.option(
    "--rules",
    type=click.Choice(["all", "spec"]),
    default="all",
    help="all: file and content; spec: the six rules and the black bottom.",
)
@click.option("--format", "form", type=click.Choice(list(WRITERS)), help="table: bad images only.")
@click.option("--output", type=click.Path(path_type=Path), help="File for the results.")
@click.option("--gallery", type=click.Path(path_type=Path), help="HTML page of the bad images.")
@click.option("--shard", callback=_shard, metavar="i/n", help="Judge only part i (from 0) of n.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run's --output.")
@click.option("--workers", type=click.IntRange(1), help="Processes; default: one per core.")
@click.option("--every-file", is_flag=True, help="In folders, judge files with any name.")
def validate(
    *,
    paths: tuple[str, ...],
    expected: Size | None,
    rules: str,
    form: str | None,
    output: Path | None,
    gallery: Path | None,
    shard: FileShard,
    resume: bool,
    workers: int | None,
    every_file: bool,
) -> None:
    """Judge the images at PATHS: files, folders (recursively) and globs. Exit codes: 0 all are
    valid, 1 at least one is not, 4 there was none to judge, or the run was interrupted.
    """
    form = form or _form_of(output)
    done = _done(output, form) if resume else Done()
    try:
        check_paths(paths)
        files = _Files(paths, shard, every_file, done)
        judge = partial(
            judge_files,
            rules=ValidationRules(expected, rules == "spec"),
            workers=workers or _cores(),
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
    """The cores that this process may use; in a container, these may be fewer than exist."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Screen:
    """The current ``sys.stdout``: a progress bar replaces it, to stay at the bottom."""

    def write(self, text: str, /) -> object:
        return sys.stdout.write(text)


@contextmanager
def _opened(output: Path | None, *, append: bool) -> Iterator[ResultSink]:
    if output is None:
        yield _Screen() if sys.stdout.isatty() else sys.stdout
        return
    with output.open("a" if append else "w", encoding="utf-8", newline="") as out:
        yield out


def _writer(out: ResultSink, form: str, *, fresh: bool) -> Writer:
    if form == "csv" and fresh:
        out.write(",".join(COLUMNS) + "\n")
    return WRITERS[form](out)


def _run(judge: Judge, write: Writer, gallery: Path | None, files: _Files) -> ExitCode:
    """Write each result as it comes, then the page and the summary; return the exit code."""
    tally, bad_ones, started = ValidationTally(), BadOnes(), time.monotonic()
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
        click.echo("Interrupted; the same command with --resume continues from here.", err=True)
        return ExitCode.INCONCLUSIVE
    return _verdict(tally, files.done)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """An interrupt (Ctrl-C, or SIGTERM) is only noted, so that no line is cut in the middle; a
    second one ends the run at once."""
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


def _verdict(tally: ValidationTally, done: Done) -> ExitCode:
    """For everything in the output, including what an interrupted run had judged before."""
    if tally.invalid or done.invalid:
        return ExitCode.FINDINGS
    if not tally.judged and not len(done):
        click.echo("There was no image to judge (--every-file accepts any name).", err=True)
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASS


def _with_progress(judged: Iterable[JudgedFile], files: _Files) -> Iterator[JudgedFile]:
    """The same stream; a terminal also shows progress, speed and remaining time."""
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
        return Text(f"{task.finished_speed or task.speed or 0:.0f} images per second")


if __name__ == "__main__":
    validate(prog_name="validate")

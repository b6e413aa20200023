"""``python -m tests.e2e.worker_isolation``: test one worker alone, or several at the same time."""

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import click
from rich.console import Console
from rich.text import Text

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError
from asyncproof.harness.torn import without_doubtful
from asyncproof.harness.verdict import Verdict
from asyncproof.reports.junit import JUnitSuite, as_junit
from asyncproof.reports.machine import as_json
from asyncproof.worker import bench, console
from asyncproof.worker.cleanup import left_behind
from asyncproof.worker.events import WorkerEvent, reader
from asyncproof.worker.heartbeats import NONE, SCHEMAS
from asyncproof.worker.judging import judged
from asyncproof.worker.options import (
    BACKENDS,
    DEFAULT_MODEL,
    REPORTS,
    OptionError,
    WorkerOptions,
    plan,
    present,
)
from asyncproof.worker.page import worker_page
from asyncproof.worker.plan import RefusedError, WorkerPlan, WorkerSetupError
from asyncproof.worker.profile import ProfileError
from asyncproof.worker.record import WorkerHistory, build
from asyncproof.worker.runner import run

Run: TypeAlias = Callable[[], tuple[WorkerHistory, Verdict]]
STYLES = {"ok": "green", "bad": "bold red", "head": "bold"}
SEVERITY = (
    ExitCode.SUITE_FAULT,
    ExitCode.SETUP_FAILED,
    ExitCode.USAGE,
    ExitCode.FINDINGS,
    ExitCode.INCONCLUSIVE,
    ExitCode.PASS,
)


@click.command(context_settings={"show_default": True})
@click.option("--worker-id", default="", show_default="a new UUID", help="The worker's id.")
@click.option("--model", default=DEFAULT_MODEL, help="Model file, or `none`.")
@click.option("--backend", type=click.Choice(BACKENDS), default="cpu")
@click.option("--device", type=click.IntRange(0), default=0, help="Device id.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=18081, help="Worker's port; 0: a free one."
)
@click.option("--hive-port", type=click.IntRange(0, 65535), default=19200, help="0: a free one.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=30,
    help="Seconds until the worker must be ready.",
)
@click.option("--profile", default="document", help="A bundled profile, or a TOML file.")
@click.option(
    "--worker-cmd", envvar="WORKER_CMD", default="", help="Overrides the profile's command."
)
@click.option(
    "--heartbeat-schema", type=click.Choice([*SCHEMAS, NONE]), help="Default: the profile's."
)
@click.option(
    "--heartbeat-interval",
    type=click.FloatRange(0.05),
    help="Seconds. Default: 1 if the command takes it, otherwise the profile's.",
)
@click.option(
    "--watch",
    type=click.FloatRange(0),
    help="Seconds to watch heartbeats at first. Default: 10, or 3.5 intervals if longer.",
)
@click.option(
    "--slack",
    type=click.FloatRange(0),
    default=0.5,
    help="Tolerance in seconds for a busy machine.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Workers at the same time.")
@click.option("--all-backends", is_flag=True, help="Every backend of this machine, in turn.")
@click.option("--benchmark", is_flag=True, help="Also run the benchmark.")
@click.option(
    "--difficult-hive/--no-difficult-hive", default=True, help="Test with a misbehaving hive."
)
@click.option(
    "--stop-process/--no-stop-process", default=True, help="Pause the worker's process for a while."
)
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run.")
@click.option("--json", "as_data", is_flag=True, help="Print one JSON document instead of text.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML here."
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report page here."
)
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=REPORTS,
    show_default="reports/",
    help="Folder for reports.",
)
@click.option(
    "--recheck",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge this history again, without a worker.",
)
def main(
    *,
    all_backends: bool,
    strict: bool,
    as_data: bool,
    junit: Path | None,
    html: Path | None,
    recheck: Path | None,
    **values: Any,
) -> None:
    """Start a mock hive and a worker, test the worker alone, and leave nothing behind."""
    values["heartbeat_schema"] = values["heartbeat_schema"] or ""
    options, printer = WorkerOptions(**values), _Printer(quiet=as_data)
    backends = BACKENDS if all_backends else (options.backend,)
    there = [b for b in backends if _there(b, printer, all_backends)]
    runs: list[Run] = [partial(_one, options, backend, printer, strict) for backend in there]
    if recheck:
        runs = [partial(_judge_file, recheck, printer, strict)]
    records, codes = _in_turn(runs)
    if records:
        _write(records, as_data, junit)
        if html is not None:
            _write_pages(records, html)
    sys.exit(worst(codes))


def _in_turn(runs: Iterable[Run]) -> tuple[list[tuple[WorkerHistory, Verdict]], list[ExitCode]]:
    """The result of each run, and its exit code. One that cannot start does not stop the next."""
    records, codes = list[tuple[WorkerHistory, Verdict]](), list[ExitCode]()
    for run_it in runs:
        try:
            records.append(run_it())
            codes.append(records[-1][1].exit_code)
        except KeyboardInterrupt:
            told = "interrupted; the worker has been stopped"
            return records, [*codes, _fail(ExitCode.INCONCLUSIVE, told)]
        except Exception as error:  # any error: its exit code says whose fault it is
            codes.append(_failed(error))
    return records, codes


def _failed(error: Exception) -> ExitCode:
    match error:
        case OptionError() | ProfileError() | RefusedError():
            return _fail(ExitCode.USAGE, error)
        case WorkerSetupError():
            return _fail(ExitCode.SETUP_FAILED, error)
    click.echo("".join(traceback.format_exception(error)), err=True)
    return _fail(ExitCode.SUITE_FAULT, "this is an error in the suite, not in the worker")


class LeftBehindError(RuntimeError):
    """Something that the run started is still there: this is an error in the suite."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    return min(codes, key=SEVERITY.index)


def _there(backend: str, printer: "_Printer", chosen_by_us: bool) -> bool:
    if chosen_by_us and not present(backend):
        printer.line(console.Line(f"Backend {backend}: no such device here, not tested"))
        return False
    return True


def _one(
    options: WorkerOptions, backend: str, printer: "_Printer", strict: bool
) -> tuple[WorkerHistory, Verdict]:
    what: WorkerPlan = plan(replace(options, backend=backend), backend)
    history = asyncio.run(run(what, printer.event))
    record = build(history)
    left = left_behind(record)
    evidence = console.Line(f"Evidence: {what.folder}")
    told = _judge(record, printer, strict, [*console.cleaned(left), evidence])
    if left:
        raise LeftBehindError(", ".join(left))
    return told


def _judge_file(path: Path, printer: "_Printer", strict: bool) -> tuple[WorkerHistory, Verdict]:
    try:
        history = reader.salvage(path)
        record = build(history.events)
        verdict = judged(record, strict=strict)
        if history.torn:
            before = judged(build(history.before), strict=strict)
            verdict = without_doubtful(verdict, before, history.problem)
        return _told(record, verdict, printer)
    except (HistoryError, ValueError) as error:
        raise OptionError(str(error)) from error


def _judge(
    record: WorkerHistory, printer: "_Printer", strict: bool, last: Sequence[console.Line] = ()
) -> tuple[WorkerHistory, Verdict]:
    return _told(record, judged(record, strict=strict), printer, last)


def _told(
    record: WorkerHistory, verdict: Verdict, printer: "_Printer", last: Sequence[console.Line] = ()
) -> tuple[WorkerHistory, Verdict]:
    for line in console.closing(record, verdict):
        printer.line(line)
    if any(bench.levels(record)):
        for text in bench.table(record):
            printer.line(console.Line(text))
    for line in (*last, console.ending(verdict)):
        printer.line(line)
    return record, verdict


def _write(
    records: Sequence[tuple[WorkerHistory, Verdict]], as_data: bool, junit: Path | None
) -> None:
    documents = [
        json.loads(
            as_json(
                verdict, run=record.run.run, benchmark=bench.as_data(record), **record.run.settings
            )
        )
        for record, verdict in records
    ]
    if as_data:
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_text(as_junit(map(_suite, records)), encoding="utf-8")


def _write_pages(records: Sequence[tuple[WorkerHistory, Verdict]], html: Path) -> None:
    """One page; where several backends were tested, one for each, with its name in the file's."""
    for record, verdict in records:
        named = f"{html.stem}-{record.run.settings['backend']}{html.suffix}"
        file = html if len(records) == 1 else html.with_name(named)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(worker_page(record, verdict), encoding="utf-8")


def _suite(judged_run: tuple[WorkerHistory, Verdict]) -> JUnitSuite:
    record, verdict = judged_run
    seconds = max((worker.end for worker in record.workers), default=0.0)
    return JUnitSuite(f"worker_isolation.{record.run.settings['backend']}", verdict, seconds)


def _fail(code: ExitCode, problem: object) -> ExitCode:
    click.echo(f"worker isolation: {problem}", err=True)
    return code


class _Printer:
    """Prints lines, coloured on a terminal. ``quiet``: prints nothing."""

    def __init__(self, quiet: bool) -> None:
        self._narrator = console.WorkerConsole()
        self._console = None if quiet else Console(highlight=False, soft_wrap=True)

    def event(self, event: WorkerEvent) -> None:
        for line in self._narrator.told(event):
            self.line(line)

    def line(self, line: console.Line) -> None:
        if self._console is not None:
            self._console.print(Text(line.text, style=STYLES.get(line.mark, "")))

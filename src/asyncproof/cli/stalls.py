"""``cli stalls``: where jobs hang in recorded runs, and which limits fit this miner."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError, HistoryReader
from asyncproof.history.build import build
from asyncproof.history.events import AsyncEvent, RunStarted
from asyncproof.liveness.statistics import (
    ENOUGH_JOBS,
    HARDWARE,
    StageSpan,
    StallStatistics,
    quantile,
)
from asyncproof.run.recheck import of_known_jobs
from asyncproof.settings import variable
from asyncproof.watching.watch import FoundStall

reader: HistoryReader[AsyncEvent | FoundStall] = HistoryReader(AsyncEvent | FoundStall)


@click.command()
@click.argument("histories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--suggest", is_flag=True, help="Suggest time limits for this miner, with the evidence."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def stalls(histories: tuple[Path, ...], suggest: bool, as_json: bool) -> None:
    """Show what hung in HISTORIES: runs (a folder or its history.ndjson) and files of `watch`."""
    statistics = StallStatistics()
    try:
        for path in histories:
            _add(statistics, path / "history.ndjson" if path.is_dir() else path)
    except HistoryError as error:
        usage_error(str(error))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_as_dict(statistics))).decode())
    else:
        parts = (_stalls(statistics), _times(statistics), _advice(statistics) if suggest else ())
        click.echo("\n".join(line for part in parts for line in part))
    told = statistics.jobs or statistics.stalls
    sys.exit(ExitCode.PASS if told else ExitCode.INCONCLUSIVE)


def _add(statistics: StallStatistics, path: Path) -> None:
    events = list[AsyncEvent]()
    history = reader.salvage(path)
    if history.problem:
        click.echo(history.problem, err=True)
    for event in history.events:
        if isinstance(event, FoundStall):
            if event.diagnosis.life.hung:
                statistics.add_stall(event.diagnosis, event.model)
            continue
        events.append(event)
        if isinstance(event, RunStarted):
            interval = float(event.settings.get(variable("poll_interval"), 0))
            statistics.interval = max(statistics.interval, interval)
    for job in build(of_known_jobs(events) if history.torn else events).accepted:
        statistics.add_job(job)


def _stalls(statistics: StallStatistics) -> Iterator[str]:
    yield f"Stalls: {statistics.stalls.total()}, in {statistics.jobs} jobs of recorded runs"
    if statistics.stalls:
        rows = [
            (count, kind.life, kind.stage, _percent(kind.percent), kind.model)
            for kind, count in statistics.stalls.most_common()
        ]
        yield from _columns(("count", "state", "stage", "progress", "model"), rows)


def _percent(percent: int | None) -> str:
    return "unknown" if percent is None else f"{percent} %"


def _times(statistics: StallStatistics) -> Iterator[str]:
    if not statistics.spans:
        yield "Normal times: unknown, because no completed job was seen from its start to its end"
        return
    yield f"Normal times of {statistics.completed} completed jobs, in seconds:"
    rows = [
        (span, len(seen), f"{quantile(seen, 50):.2f}", f"{quantile(seen, 99):.2f}", max(seen))
        for span in StageSpan
        if (seen := statistics.spans.get(span))
    ]
    shown = [(*row[:4], f"{row[4]:.2f}") for row in rows]
    yield from _columns(("time", "seen", "median", "p99", "longest"), shown)
    if statistics.interval:
        yield f"  (each accurate to {statistics.interval:g} s, the time between two polls)"


def _advice(statistics: StallStatistics) -> Iterator[str]:
    suggestions = list(statistics.suggestions())
    if statistics.completed < ENOUGH_JOBS:
        yield (
            f"# {statistics.completed} completed jobs are too few to say what is normal: "
            f"{ENOUGH_JOBS} or more are better"
        )
    for one in suggestions:
        yield f"# {one.evidence}"
        yield f"export {one.variable}={one.seconds:g}"
    if not any(one.variable == variable("step_timeout") for one in suggestions):
        yield "# no job reported two percentages, so the time per step is unknown"
    yield f"# {variable('step_timeout')} for a machine that was not measured yet, by its class:"
    for hardware in HARDWARE:
        yield f"#   {hardware.name} ({hardware.examples}): {hardware.low} to {hardware.high}"


def _columns(heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    table = [heads, *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip()


def _as_dict(statistics: StallStatistics) -> dict[str, object]:
    return {
        "jobs": statistics.jobs,
        "completed": statistics.completed,
        "stalls": [{"kind": k, "count": n} for k, n in statistics.stalls.most_common()],
        "times": {
            span: {"seen": len(seen), "p50": quantile(seen, 50), "longest": max(seen)}
            for span, seen in statistics.spans.items()
        },
        "suggestions": list(statistics.suggestions()),
        "hardware": list(HARDWARE),
    }

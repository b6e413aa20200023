"""``python -m tests.coordinator``: suites side by side, with one verdict."""

import asyncio
import os
from pathlib import Path

import click
import psutil

from tests.coordinator.admission import Room
from tests.coordinator.ending import gravest
from tests.coordinator.local import LocalBackend
from tests.coordinator.session import Options, resume, start
from tests.coordinator.suites import SuitesError, to_bytes
from tests.coordinator.terminal import prefixer, summary
from tests.harness.history import HistoryError

DECLARED = Path(__file__).with_name("suites.toml")
FOLDER = click.Path(path_type=Path, file_okay=False)


class Amount(click.ParamType[int]):
    """An amount of memory, in bytes."""

    name = "amount"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return to_bytes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(epilog="Exit codes and all the rest: docs/parallel.md")
@click.argument("names", metavar="[SUITE]...", nargs=-1)
@click.option("--suites", type=click.Path(path_type=Path), default=DECLARED, help="file of suites")
@click.option("--reports", type=FOLDER, default=Path("reports"), show_default=True)
@click.option("--cores", type=click.FloatRange(min=0.1), help="for all suites [this machine's]")
@click.option("--memory", type=Amount(), help="for all suites, as '4 GiB' [this machine's]")
@click.option("--deadline", default=3600.0, show_default=True, help="seconds for the whole run")
@click.option("--retries", default=1, show_default=True, help="only after infrastructure trouble")
@click.option("--stall-after", default=30.0, show_default=True, help="seconds until a warning")
@click.option("--shards", default=1, show_default=True, help="cut each suite in so many parts")
@click.option("--resume", "resumed", type=FOLDER, help="go on with the run in this folder")
def main(
    names: tuple[str, ...],
    *,
    suites: Path,
    reports: Path,
    cores: float | None,
    memory: int | None,
    deadline: float,
    retries: int,
    stall_after: float,
    shards: int,
    resumed: Path | None,
) -> None:
    """Run suites side by side; the verdict comes from their events, never from terminal text."""
    if bool(names) == bool(resumed):
        raise click.UsageError("name the suites to run, or a run to --resume")
    room = Room(cores or os.cpu_count() or 1, memory or psutil.virtual_memory().total)
    options = Options(suites, reports, room, deadline, retries, stall_after, shards)
    try:
        session = resume(options, resumed) if resumed else start(options, names)
    except (SuitesError, HistoryError) as error:
        raise click.UsageError(str(error)) from None
    prefix = prefixer([suite.name for suite in session.suites])
    results = asyncio.run(
        session.run(LocalBackend(), lambda suite, line: click.echo(prefix(suite, line)))
    )
    for line in summary(results, str(session.plan.folder)):
        click.echo(line)
    raise SystemExit(gravest([result.exit_code for result in results]))

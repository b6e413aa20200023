"""``python -m tests.coordinator``: suites side by side, with one verdict."""

import asyncio
import os
from pathlib import Path

import click
import psutil

from tests.coordinator.admission import Room
from tests.coordinator.compare import Comparison, explain
from tests.coordinator.ending import gravest
from tests.coordinator.local import LocalBackend
from tests.coordinator.session import Options, resume, start
from tests.coordinator.suites import SuitesError, to_bytes
from tests.coordinator.terminal import prefixer, summary
from tests.harness.exit_codes import ExitCode
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
@click.option("--compare", is_flag=True, help="each alone, then all together; name what differs")
@click.option("--repeats", default=3, show_default=True, help="further rounds of what differs")
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
    compare: bool,
    repeats: int,
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

    def say(suite: str, line: str) -> None:
        click.echo(prefix(suite, line))

    where = str(session.plan.folder)
    if compare:
        comparison = Comparison(session.plan, LocalBackend(), say)
        try:
            compared = asyncio.run(comparison.run(session.suites, repeats))
        except KeyboardInterrupt:
            click.echo(f"interrupted; what ran before is in {where}", err=True)
            raise SystemExit(ExitCode.INCONCLUSIVE) from None
        told, code = explain(compared), compared.exit_code
        told = [*summary(compared.together, where), *told]
    else:
        results = asyncio.run(session.run(LocalBackend(), say))
        told, code = list(summary(results, where)), gravest([r.exit_code for r in results])
    for line in told:
        click.echo(line)
    raise SystemExit(code)

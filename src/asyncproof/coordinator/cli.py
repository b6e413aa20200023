"""``python -m asyncproof.coordinator``: suites in parallel, with one verdict."""

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click
import psutil

from asyncproof.coordinator.admission import Room
from asyncproof.coordinator.backends import BackendUnavailableError, Where, check, open_backend
from asyncproof.coordinator.compare import Say, SuiteComparison, explain
from asyncproof.coordinator.exit_reason import gravest
from asyncproof.coordinator.session import (
    SuitesOptions,
    SuitesSession,
    report,
    resume,
    start,
    until_signal,
)
from asyncproof.coordinator.suites import SuitesError, to_bytes
from asyncproof.coordinator.terminal import prefixer, summary
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError
from asyncproof.places import CHECKOUT

DECLARED = Path(__file__).with_name("suites.toml" if CHECKOUT else "installed_suites.toml")
FOLDER = click.Path(path_type=Path, file_okay=False)
SECONDS = click.FloatRange(min=0, min_open=True)
UNBOUNDED = Room(cores=float("inf"), memory=2**63)


class Amount(click.ParamType[int]):
    """An amount of memory, in bytes."""

    name = "amount"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return to_bytes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _variables(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for name, equals, _value in pairs:
        if not name or not equals:
            raise click.BadParameter("say NAME=VALUE")
    return {name: value for name, _equals, value in pairs}


def kubernetes_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that only ``--backend kubernetes`` reads."""
    for option in (
        click.option(
            "--drain",
            type=SECONDS,
            default=30.0,
            show_default=True,
            help="seconds to wait for the end of logs",
        ),
        click.option(
            "--begin",
            type=SECONDS,
            default=120.0,
            show_default=True,
            help="seconds for a pod to start",
        ),
        click.option(
            "--cleanup", type=click.Choice(["always", "green", "never"]), default="always"
        ),
        click.option("--secret", default="", help="Secret whose keys become variables"),
        click.option("--pull-policy", default="IfNotPresent", show_default=True),
        click.option("--service-account", default=""),
        click.option("--context", help="of the kubeconfig"),
        click.option("--kubeconfig", help="[KUBECONFIG, ~/.kube/config, or the pod's own account]"),
        click.option("--namespace", default="", help="for the Jobs"),
        click.option("--image", default="", help="with this repository and its requirements"),
        click.option("--backend", type=click.Choice(["local", "kubernetes"]), default="local"),
    ):
        command = option(command)
    return command


@click.command(epilog="Exit codes and details: docs/parallel.md")
@click.argument("names", metavar="[SUITE]...", nargs=-1)
@click.option("--suites", type=click.Path(path_type=Path), default=DECLARED, help="file of suites")
@click.option("--reports", type=FOLDER, default=Path("reports"), show_default=True)
@click.option("--cores", type=click.FloatRange(min=0.1), help="for all suites [this machine's]")
@click.option("--memory", type=Amount(), help="for all suites, as '4 GiB' [this machine's]")
@click.option(
    "--deadline", type=SECONDS, default=3600.0, show_default=True, help="seconds for the whole run"
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="only after infrastructure trouble",
)
@click.option(
    "--stall-after", type=SECONDS, default=30.0, show_default=True, help="seconds until a warning"
)
@click.option(
    "--shards",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="split each suite into this many parts",
)
@click.option("--resume", "resumed", type=FOLDER, help="continue the run in this folder")
@click.option("--report", "reported", type=FOLDER, help="only write the reports of that run")
@click.option(
    "--compare", is_flag=True, help="run each alone, then all together; name the tests that differ"
)
@click.option(
    "--repeats",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="further rounds for tests that differ",
)
@click.option("--env", multiple=True, callback=_variables, help="NAME=VALUE for every suite")
@kubernetes_options
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
    reported: Path | None,
    compare: bool,
    repeats: int,
    env: dict[str, str],
    **where_given: Any,
) -> None:
    """Run suites in parallel; the verdict depends on their events, never on terminal output."""
    if [bool(names), bool(resumed), bool(reported)].count(True) != 1:
        raise click.UsageError("name the suites to run, or a run to --resume or to --report")
    if compare and not names:
        raise click.UsageError("a comparison cannot be resumed: name the suites to --compare")
    where = Where(**where_given)
    room = _room(where, cores, memory)
    options = SuitesOptions(
        suites, reports, room, deadline, retries, stall_after, shards, env, where.backend
    )
    try:
        if reported:
            results = report(options, reported)
            _end(summary(results, str(reported)), gravest([r.exit_code for r in results]))
        check(where)
        session = resume(options, resumed) if resumed else start(options, names)
    except (SuitesError, HistoryError) as error:
        raise click.UsageError(str(error)) from None
    prefix = prefixer([suite.name for suite in session.suites])

    def say(suite: str, line: str) -> None:
        click.echo(prefix(suite, line))

    work = _compare(session, where, say, repeats) if compare else _run(session, where, say)
    try:
        lines, code = asyncio.run(work)
    except BackendUnavailableError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(ExitCode.SETUP_FAILED) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo(f"interrupted; the results so far are in {session.plan.folder}", err=True)
        raise SystemExit(ExitCode.INCONCLUSIVE) from None
    _end(lines, code)


def _end(lines: Iterable[str], code: ExitCode) -> NoReturn:
    for line in lines:
        click.echo(line)
    raise SystemExit(code)


def _room(where: Where, cores: float | None, memory: int | None) -> Room:
    """This machine's, unless options override it; a cluster schedules by itself."""
    if where.backend == "kubernetes":
        return Room(cores or UNBOUNDED.cores, memory or UNBOUNDED.memory)
    return Room(cores or os.cpu_count() or 1, memory or psutil.virtual_memory().total)


async def _run(session: SuitesSession, where: Where, say: Say) -> tuple[list[str], ExitCode]:
    async with open_backend(where) as backend:
        results = await session.run(backend, say)
    lines = list(summary(results, str(session.plan.folder)))
    return lines, gravest([result.exit_code for result in results])


async def _compare(
    session: SuitesSession, where: Where, say: Say, repeats: int
) -> tuple[list[str], ExitCode]:
    async with open_backend(where) as backend:
        comparison = SuiteComparison(session.plan, backend, say)
        compared = await until_signal(comparison.run(session.suites, repeats))
    lines = [*summary(compared.together, str(session.plan.folder)), *explain(compared)]
    return lines, compared.exit_code

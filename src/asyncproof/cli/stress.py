"""``asyncproof stress``: load in any shape, races found, and what a clean run proves."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from math import inf

import click
from rich.console import Console

from asyncproof.cli.run import CLI_BIND_HOST, FLAGS
from asyncproof.cli.usage import usage_error
from asyncproof.driver.http_client import CONNECTIONS
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.run.early_end import SIGNALS, early_end
from asyncproof.settings import SettingError, Settings, variable
from asyncproof.stress.control import Commanded, Teller
from asyncproof.stress.order import (
    DOCUMENTS_BURST,
    MOST_FAILURES,
    StressOrder,
    read_part,
    read_seconds,
    read_share,
)
from asyncproof.stress.screen import MovingStress, PlainStress, StressScreen
from asyncproof.stress.session import StressSession
from asyncproof.wire.dialect import dialect

NOT_HERE = {"concurrent_jobs", "sequential_jobs", "small_size"}
MOST = 10_000_000


@click.command()
@click.option("--jobs", type=click.IntRange(1, MOST), help="How many jobs to send [100].")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 100_000),
    default=DOCUMENTS_BURST,
    help=f"How many jobs in flight at most [{DOCUMENTS_BURST}].",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.001, 100_000),
    help="Jobs a second, whatever the miner does [as many as --concurrency allows].",
)
@click.option(
    "--shape",
    default="steady",
    metavar="SHAPE",
    help="burst, steady, ramp, spike, soak, or aim (at race windows, up to --concurrency); or "
    "stages: ramp:30s,steady:2m,burst [steady].",
)
@click.option("--duration", metavar="90s|5m|8h", help="Send for so long.")
@click.option("--until-failure", is_flag=True, help="Stop at the first job that fails.")
@click.option(
    "--max-failures",
    type=click.IntRange(1, 100_000),
    default=MOST_FAILURES,
    help=f"Stop when so many jobs have failed [{MOST_FAILURES}].",
)
@click.option(
    "--prove", metavar="0.1%", help="Send as many jobs as exclude this rate of failures at 95 %."
)
@click.option("--replay", metavar="SEED", help="Send the submissions of the run with this seed.")
@click.option(
    "--connections",
    type=click.IntRange(3, 10_000),
    default=CONNECTIONS,
    help=f"Connections to the miner [{CONNECTIONS}].",
)
@click.option("--no-loras", is_flag=True, help="No job has a LoRA, whatever the miner offers.")
@click.option("--part", metavar="2/3", help="Send what the second of three machines is to send.")
@click.option("--control", is_flag=True, hidden=True, help="As asyncproof.stress.control says.")
def stress(
    *,
    jobs: int | None,
    concurrency: int,
    rate: float | None,
    shape: str,
    duration: str | None,
    until_failure: bool,
    max_failures: int,
    prove: str | None,
    replay: str | None,
    connections: int,
    no_loras: bool,
    part: str | None,
    control: bool,
    **given: str | None,
) -> None:
    """Send many jobs in a load shape, judge each as it ends, and say what a clean run proves.

    Exit codes: 0 nothing found, 1 findings, 2 wrong usage, 3 the miner or the callback port is
    unavailable, 4 not enough was tested, 5 a fault of this program.
    """
    try:
        number, parts = read_part(part) if part else (0, 1)
        order = StressOrder(
            jobs=jobs,
            concurrency=concurrency,
            rate=rate,
            shape=shape,
            seconds=read_seconds(duration) if duration else inf,
            until_failure=until_failure,
            most_failures=max_failures,
            prove=read_share(prove) if prove else None,
            connections=connections,
            loras=not no_loras,
            part=number,
            parts=parts,
        )
        order.check()
        settings = _settings(given | ({"seed": replay} if replay else {}))
        dialect(settings.profile_name)
    except (SettingError, ValueError) as error:
        usage_error(str(error))
    command = _again(order, given)
    sys.exit(run_controlled(settings, order) if control else run(settings, order, command))


def run(settings: Settings, order: StressOrder, command: Callable[[int], str]) -> ExitCode:
    """Run, show it, and print how it ended; ``command`` sends the same again, given the seed."""
    early_end().install()
    screen = _screen()
    session = StressSession(
        settings,
        order,
        interruptible=early_end().interruptible,
        observe=screen.event,
        fresh=screen.finding,
    )
    session.command = command(session.seed)
    try:
        session.run()
    finally:
        screen.close()
    for line in session.result.lines():
        click.echo(line)
    return session.verdict.exit_code


def run_controlled(settings: Settings, order: StressOrder) -> ExitCode:
    """Run as another program says, and tell it what happens: see :mod:`asyncproof.stress.control`.

    A signal to the group of processes is left to that program, which ends our input.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    told, commanded = Teller(click.echo), Commanded()
    threading.Thread(target=commanded.obey, args=(sys.stdin,), daemon=True).start()
    session = StressSession(settings, order, fresh=told.finding, commanded=commanded)
    session.tally.on_end = told.job
    session.begun = told.begun
    session.run()
    for line in session.result.lines():
        click.echo(line, err=True)
    return session.verdict.exit_code


def _again(order: StressOrder, given: dict[str, str | None]) -> Callable[[int], str]:
    return lambda seed: order.command(seed, _options(given))


def _screen() -> StressScreen:
    console = Console(stderr=True)
    if console.is_terminal:
        return MovingStress(console)
    return PlainStress(lambda line: click.echo(line, err=True))


def _settings(given: dict[str, str | None]) -> Settings:
    """From the environment and the flags, as of ``asyncproof run``.

    Raises:
        SettingError: one of them cannot be used.
    """
    texts = {name: text for name, text in given.items() if text is not None}
    variables = {flag[2:].replace("-", "_"): name for flag, name, _ in FLAGS}
    bind = {variable("callback_bind_host"): CLI_BIND_HOST}
    settings = Settings.from_environ(defaults=bind)
    return settings.override_variables({variables[name]: text for name, text in texts.items()})


def _options(given: dict[str, str | None]) -> Iterator[str]:
    """The options that say where to send, and what, as they were given. No secret is shown."""
    for name, text in given.items():
        if text is not None and name not in ("seed", "callback_secret"):
            yield f"--{name.replace('_', '-')}={text}"


for flag, name, text in FLAGS:
    if name not in map(variable, NOT_HERE):
        stress.params.append(click.Option([flag], help=f"{text} ({name})"))

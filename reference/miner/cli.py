"""The command line of the reference miner: flags to settings, and the life of the process."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reference.miner import pool
from reference.miner.config import from_file
from reference.miner.faults import FAULTS, load, switched_on
from reference.miner.jobs import JobStore
from reference.miner.loras import LORAS
from reference.miner.seams import Chain
from reference.miner.settings import Settings, SettingsError, configured, table
from reference.miner.triggers import Arming, parse_fault, parse_trigger
from reference.miner.variations import VARIATIONS

if TYPE_CHECKING:
    from aiohttp import web

USAGE = 2
SETUP = 3
Command = Callable[..., None]


def _setting_flags(command: Command) -> Command:
    for row in reversed(table()):
        allowed = (
            f"; {row.metadata['low']} to {row.metadata['high']}" if "low" in row.metadata else ""
        )
        add = click.option(
            f"--{row.name.replace('_', '-')}",
            row.name,
            type=row.type if row.type is str else _number,
            metavar=row.type.__name__.upper(),
            help=f"{row.metadata['help']} [{row.default}{allowed}]",
        )
        command = add(command)
    return command


def _number(text: str) -> int | float | str:
    """The number, or the text as it is: the settings themselves say what is allowed."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _list_faults(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    width = max(map(len, (*FAULTS, *VARIATIONS)))
    for title, names in (("Faults:", FAULTS), ("Permitted variations:", VARIATIONS)):
        click.echo(title)
        for name in names:
            entry = load(name)
            caught = f"  [{entry.clause}]" if entry.clause else ""
            click.echo(f"  {name:{width}}  {entry.does}{caught}")
    context.exit()


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"LoRAs offered: {', '.join(LORAS)}.",
)
@_setting_flags
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="settings in YAML, by the names of the flags with underscores; flags win",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="where pictures lie [a temporary folder, removed at the end]",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help='written when requests are served: {"url", "port", "pid"}',
)
@click.option("--fault", "faults", multiple=True, metavar="NAME[:VALUE]", help="switch a defect on")
@click.option("--variation", "variations", multiple=True, metavar="NAME", help="differ, permitted")
@click.option("--trigger", default="always", help="always, race:K, p:P or every:N [always]")
@click.option("--fault-seed", default=0, help="seed of --trigger p:P [0]")
@click.option("--log-level", default="INFO", type=click.Choice(["DEBUG", "INFO", "WARNING"]))
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="tell all faults and variations, and which clause catches each",
)
def main(
    *,
    config: Path | None,
    output_dir: Path | None,
    ready_file: Path | None,
    faults: tuple[str, ...],
    variations: tuple[str, ...],
    trigger: str,
    fault_seed: int,
    log_level: str,
    **flags: Any,
) -> None:
    """A correct miner of the async inference protocol, with defects to switch on."""
    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(message)s")
    try:
        wanted = [parse_fault(text) for text in (*faults, *variations)]
        given = from_file(config) if config else {}
        given |= {name: value for name, value in flags.items() if value is not None}
        settings = configured(Settings(), given)
        jobs = JobStore()
        arming = Arming(parse_trigger(trigger), fault_seed, lambda: jobs.in_flight)
        seams = Chain(switched_on(wanted), arming)
    except (LookupError, ValueError, SettingsError) as error:
        _give_up(str(error), USAGE)
    pool.warm_up()
    with ExitStack() as stack:
        folder = output_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="reference-miner-"))
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            settings = seams.settings(settings)
            asyncio.run(_serve(settings, seams, arming, jobs, folder=folder, ready_file=ready_file))
        except OSError as error:
            _give_up(str(error), SETUP)


async def _serve(
    settings: Settings,
    seams: Chain,
    arming: Arming,
    jobs: JobStore,
    *,
    folder: Path,
    ready_file: Path | None,
) -> None:
    from aiohttp import web  # noqa: PLC0415 - loads while the first process starts

    from reference.miner.server import Miner  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    miner = Miner(settings, seams, arming, jobs, folder)
    runner = web.AppRunner(miner.app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
        await _listen(site, settings)
        port = site.port
        await miner.start()
        _announce(settings.host, port, ready_file)
        await stop.wait()
    finally:
        await runner.cleanup()
        await miner.stop()


async def _listen(site: "web.TCPSite", settings: Settings) -> None:
    try:
        await site.start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        why = error.strerror or str(error)
        raise OSError(f"cannot listen on {where}: {why}; give another --host or --port") from error


def _announce(host: str, port: int, ready_file: Path | None) -> None:
    url = f"http://{host}:{port}"
    click.echo(f"reference miner listening on {url}")
    sys.stdout.flush()
    if ready_file is not None:
        unfinished = ready_file.with_name(f".{ready_file.name}.part")
        unfinished.write_text(json.dumps({"url": url, "port": port, "pid": os.getpid()}))
        unfinished.replace(ready_file)


def _give_up(message: str, code: int) -> NoReturn:
    click.echo(f"reference miner: {message}", err=True)
    sys.exit(code)

"""The command line of the reference miner: flags to settings, and the life of the process."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reference.catalog import listing
from reference.engine import names
from reference.engine.client import EngineError, engine
from reference.miner import pool
from reference.miner.config import from_file
from reference.miner.faults import FAULTS, by_name, switched_on
from reference.miner.jobs import JobStore
from reference.miner.loras import LORAS
from reference.miner.seams import Chain
from reference.miner.sets import SETS, entries_of
from reference.miner.settings import DIFFUSION, Settings, SettingsError, configured, table
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
    """The number, or the unchanged text: the settings check what is allowed."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _list_faults(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    width = max(map(len, by_name()))
    for kind, families in (("Faults", FAULTS), ("Permitted variations", VARIATIONS)):
        click.echo("\n".join(listing(kind, families, width)))
    click.echo("Faults of the engine that samples (--engine diffusion --engine-fault NAME)")
    for name, does in names.FAULTS.items():
        click.echo(f"  {name:{width}}  {does}  [IMG-3]")
    click.echo("\nSets (--set NAME)")
    for chosen in SETS.values():
        click.echo(f"  {chosen.name:{width}}  {chosen.does}: {', '.join(chosen.entries)}")
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
    help="where pictures are stored [a temporary folder, removed at the end]",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help='file to write when requests are served: {"url", "port", "pid"}',
)
@click.option("--fault", "faults", multiple=True, metavar="NAME[:VALUE]", help="switch on a defect")
@click.option("--variation", "variations", multiple=True, metavar="NAME", help="differ, permitted")
@click.option("--set", "sets", multiple=True, metavar="NAME", help="switch a set of both on")
@click.option("--trigger", default="always", help="always, race:K, p:P or every:N [always]")
@click.option("--fault-seed", default=0, help="seed of --trigger p:P [0]")
@click.option("--log-level", default="INFO", type=click.Choice(["DEBUG", "INFO", "WARNING"]))
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="list all faults and variations by family, with the clause that each one breaks",
)
def main(
    *,
    config: Path | None,
    output_dir: Path | None,
    ready_file: Path | None,
    faults: tuple[str, ...],
    variations: tuple[str, ...],
    sets: tuple[str, ...],
    trigger: str,
    fault_seed: int,
    log_level: str,
    **flags: Any,
) -> None:
    """A correct miner of the async inference protocol, with defects that can be switched on."""
    logging.basicConfig(level=log_level, format="%(asctime)s %(levelname)s %(message)s")
    try:
        wanted = [parse_fault(text) for text in (*entries_of(sets), *faults, *variations)]
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
            address = ""
            if settings.engine == DIFFUSION:
                address = stack.enter_context(_sampling(settings))
                settings = replace(settings, workers=settings.max_batch)
            asyncio.run(
                _serve(settings, seams, arming, jobs, address, folder=folder, ready_file=ready_file)
            )
        except (OSError, EngineError) as error:
            _give_up(str(error), SETUP)


@contextmanager
def _sampling(settings: Settings) -> Iterator[str]:
    """An engine for all inference processes; where it takes their orders."""
    with tempfile.TemporaryDirectory(prefix="reference-engine-") as folder:
        address = Path(folder) / "orders"
        with engine(
            address,
            dtype=settings.dtype,
            largest=settings.max_batch,
            fault=settings.engine_fault,
        ):
            yield str(address)


async def _serve(
    settings: Settings,
    seams: Chain,
    arming: Arming,
    jobs: JobStore,
    address: str,
    *,
    folder: Path,
    ready_file: Path | None,
) -> None:
    from aiohttp import web  # noqa: PLC0415 - loads while the first process starts

    from reference.miner.server import Miner  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    miner = Miner(settings, seams, arming, jobs, folder, address=address)
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
        raise OSError(f"cannot listen on {where}: {why}; use another --host or --port") from error


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

"""``python -m reference.worker``: a correct LLM worker, with faults that can be switched on."""

import asyncio
import logging
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reference.catalog import listing
from reference.worker import llama
from reference.worker.engine import (
    INSTALL_ENGINE,
    EchoEngine,
    Engine,
    ModelError,
    Paced,
    check_model,
)
from reference.worker.faults import FAULTS, by_name, switched_on
from reference.worker.heartbeat import SCHEMAS
from reference.worker.seams import Fault
from reference.worker.server import Options, serve

USAGE, SETUP_FAILED = 2, 3
ECHO_PACE = 200.0  # tokens per second: an echo without it is faster than any model
BACKENDS = ("cpu", "cuda", "metal")


def read_model(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None or str(path) == "none" else path


def list_faults(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo("\n".join(listing("Faults", FAULTS, max(map(len, by_name())))))
        context.exit()


def read_fault(_: click.Context, __: click.Parameter, name: str | None) -> Fault:
    try:
        return switched_on(name)
    except LookupError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--worker-id", default=lambda: f"worker-{uuid.uuid4()}", help="Default: a new UUID.")
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    callback=read_model,
    help="A GGUF file, or `none` to echo. Default: none.",
)
@click.option("--backend", type=click.Choice(BACKENDS), default="cpu", show_default=True)
@click.option("--device", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=18081, show_default=True, help="0: any."
)
@click.option("--hive-url", help="Where heartbeats go. Default: none are sent.")
@click.option(
    "--heartbeat-interval",
    "interval",
    type=click.FloatRange(0.01, 3600),
    default=30.0,
    show_default=True,
    help="Seconds.",
)
@click.option(
    "--heartbeat-schema",
    "schema",
    type=click.Choice(list(SCHEMAS)),
    default="document",
    show_default=True,
)
@click.option(
    "--slots",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Concurrent generations.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Threads of the engine.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0.1, 1e6),
    help="Tokens per second at most. Default: 200 for an echo, none for a model.",
)
@click.option("--fault", metavar="NAME", callback=read_fault, help="Switch on a defect.")
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_faults,
    help="List all faults by family, with the clause that each one breaks.",
)
def main(threads: int, pace: float | None, **values: Any) -> None:
    """An LLM worker: /v1/health, /v1/ready, /v1/inference, and heartbeats to a hive.

    With the package xllamacpp and --model it runs llama.cpp; without them it echoes the prompt.
    """
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(message)s", stream=sys.stdout)
    options = Options(**values)
    options.fault.begin()
    try:
        _check(options)
        asyncio.run(_serve_and_leave(options, lambda: _engine(options, threads, pace)))
    except* ModelError as errors:
        sys.exit(_say(USAGE, str(errors.exceptions[0])))
    except* OSError as errors:
        problem = errors.exceptions[0]
        sys.exit(
            _say(
                SETUP_FAILED,
                f"cannot listen on port {options.port}: {problem}; use another --port",
            )
        )


async def _serve_and_leave(options: Options, load_engine: Callable[[], Engine]) -> None:
    """Does not return once the worker has run: a thread of the engine may be stuck."""
    code = await serve(options, load_engine)
    options.fault.leave()
    llama.leave(code)


def _check(options: Options) -> None:
    if options.model is not None:
        check_model(options.model)
        if llama.available() and options.backend not in llama.backends():
            there = ", ".join(sorted(llama.backends()))
            raise ModelError(f"no device of backend {options.backend} here; there is: {there}")


def _engine(options: Options, threads: int, pace: float | None) -> Engine:
    engine: Engine
    if options.model is None:
        engine = EchoEngine("there is no --model")
    elif not llama.available():
        engine = EchoEngine(f"the package xllamacpp is missing ({INSTALL_ENGINE})")
    else:
        engine = llama.LlamaEngine(
            options.model,
            backend=options.backend,
            device=options.device,
            slots=options.slots,
            threads=threads,
        )
    if pace is None and engine.name == EchoEngine.name:
        pace = ECHO_PACE
    return Paced(engine, pace) if pace else engine


def _say(code: int, message: str) -> int:
    click.echo(f"worker: {message}", err=True)
    return code


if __name__ == "__main__":
    main()

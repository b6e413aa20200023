"""``python -m reference.worker.llama_server``: llama.cpp's own HTTP server, and nothing else.

It sends no heartbeats; it is here to test the profile for llama.cpp servers on a real one.
"""

import signal
import sys
from pathlib import Path

import click

from reference.worker import llama
from reference.worker.engine import INSTALL_ENGINE, ModelError, check_model


@click.command()
@click.option("--model", required=True, type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
def main(model: Path, port: int) -> None:
    """Serve MODEL on 127.0.0.1 until asked to stop."""
    if not llama.available():
        click.echo(f"The package xllamacpp is missing; install it: {INSTALL_ENGINE}", err=True)
        sys.exit(3)
    try:
        check_model(model)
        engine = llama.LlamaEngine(model, port=port)
    except ModelError as error:
        click.echo(f"llama_server: {error}", err=True)
        sys.exit(2)
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, lambda *_: llama.leave(0))
    click.echo(f"listening on {engine.address}")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()

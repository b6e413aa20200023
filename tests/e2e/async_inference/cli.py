"""The command line of the suite: ``python -m tests.e2e.async_inference.cli``."""

import sys

import click

from tests.e2e.async_inference import callback_server
from tests.e2e.async_inference.commands.explain import explain
from tests.e2e.async_inference.commands.recheck import recheck
from tests.e2e.async_inference.commands.run import run
from tests.e2e.async_inference.commands.stalls import stalls
from tests.e2e.async_inference.commands.validate import validate
from tests.e2e.async_inference.commands.watch import watch

COMMANDS = {
    "run": run,
    "callback-server": callback_server.main,
    "recheck": recheck,
    "explain": explain,
    "validate": validate,
    "watch": watch,
    "stalls": stalls,
}


@click.group(invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Test an async inference miner from outside.

    Without a command, runs the suite (as `run` does) against ASYNC_MINER_URL.
    """
    if context.invoked_subcommand is None:
        context.invoke(run)


for name, command in COMMANDS.items():
    cli.add_command(command, name)

if __name__ == "__main__":
    sys.exit(cli(prog_name="python -m tests.e2e.async_inference.cli"))

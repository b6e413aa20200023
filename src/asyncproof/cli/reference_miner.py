"""``asyncproof reference-miner``: the bundled miner, with the arguments of its own command line."""

import os
import sys

import click

from asyncproof.places import with_servers


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def reference_miner(arguments: tuple[str, ...]) -> None:
    """Run the bundled reference miner; its own --help lists ports, faults and triggers."""
    command = [sys.executable, "-m", "reference.miner", *arguments]
    os.execve(sys.executable, command, os.environ | with_servers(os.environ))

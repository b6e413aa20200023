"""How a command says that it was called wrongly."""

import sys
from typing import NoReturn

import click

from tests.harness.exit_codes import ExitCode


def usage_error(message: str) -> NoReturn:
    """One line on standard error, and the exit code for usage."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(ExitCode.USAGE)

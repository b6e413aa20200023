"""Reports a usage error of a command."""

import sys
from typing import NoReturn

import click

from asyncproof.harness.exit_codes import ExitCode


def usage_error(message: str) -> NoReturn:
    """Print one line on standard error; return the exit code for a usage error."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(ExitCode.USAGE)

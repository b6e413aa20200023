"""``asyncproof replay``: recorded callbacks once more, to another receiver."""

import asyncio
import sys
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.run.replay import replay as send_again
from asyncproof.settings import CALLBACK_URL


@click.command()
@click.argument("journal", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "url", required=True, help="The whole url that callbacks are posted to.")
@click.option("--fast", is_flag=True, help="As fast as they are taken; default: recorded pace.")
@click.option("--secret", envvar="ASYNC_CALLBACK_SECRET", default="test-secret", show_default=True)
def replay(journal: Path, url: str, fast: bool, secret: str) -> None:
    """Post the callbacks in JOURNAL (a callback server's folder or its journal.ndjson) again.

    Exits with 1 if one of them was not answered with 2xx.
    """
    try:
        CALLBACK_URL.read(url)
    except ValueError:
        usage_error(f"--to must be {CALLBACK_URL.allowed}")
    path = journal / "journal.ndjson" if journal.is_dir() else journal
    try:
        outcomes = asyncio.run(send_again(path, url, secret, fast=fast))
    except OSError as error:
        usage_error(f"{path} cannot be read: {error.strerror}")
    for outcome, count in sorted(outcomes.items()):
        click.echo(f"{count} {outcome}")
    good = sum(count for outcome, count in outcomes.items() if outcome.startswith("2"))
    click.echo(f"{good} of {outcomes.total()} callbacks were taken")
    sys.exit(ExitCode.PASS if good == outcomes.total() else ExitCode.FINDINGS)

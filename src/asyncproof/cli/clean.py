"""``asyncproof clean``: how much was kept, and removing what a policy no longer wants."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.receiver.storage import retention
from asyncproof.receiver.storage.retention import Keep, Kept
from asyncproof.run.retention import runs
from asyncproof.settings import SettingError, Settings


@click.command()
@click.option(
    "--keep",
    "limits",
    multiple=True,
    metavar="30d|5GB",
    help="What to keep of each kind: at most this age (h, d, w), at most this size (MB, GB, TB). "
    "Repeatable.",
)
@click.option("--reports", type=click.Path(path_type=Path), help="default: ASYNC_REPORT_DIR")
@click.option("--callbacks", type=click.Path(path_type=Path), help="default: ASYNC_CALLBACK_DIR")
@click.option("--yes", is_flag=True, help="Remove it; otherwise nothing is removed.")
def clean(limits: tuple[str, ...], reports: Path | None, callbacks: Path | None, yes: bool) -> None:
    """Show how much runs and the callback server keep, and remove what is not wanted any more.

    Only removes what this program made; run folders with other files in them stay as they are.
    """
    try:
        policy, settings = retention.keep(limits), Settings.from_environ()
    except (ValueError, SettingError) as error:
        usage_error(str(error))
    now = time.time()
    try:
        _runs(reports or settings.report_dir, policy, now, yes=yes)
        _callbacks(callbacks or settings.callback_folder, policy, now, yes=yes)
    except OSError as error:
        click.echo(f"Error: cannot clean up: {error}", err=True)
        sys.exit(ExitCode.SETUP_FAILED)
    if limits and not yes:
        click.echo("Nothing was removed; --yes removes it.")


def _runs(folder: Path, policy: Keep, now: float, *, yes: bool) -> None:
    found = runs(folder, now)
    chosen = retention.unwanted(found, policy, now)
    _tell("runs", folder, found, chosen)
    if yes:
        retention.remove(chosen)


def _callbacks(folder: Path, policy: Keep, now: float, *, yes: bool) -> None:
    found = retention.callbacks(folder)
    chosen = retention.unwanted(found, policy, now)
    _tell("callbacks", folder, found, chosen)
    if not yes or not chosen:
        return
    if retention.server_at_work(folder):
        click.echo(f"Error: a callback server is using {folder}; stop it first.", err=True)
        sys.exit(ExitCode.SETUP_FAILED)
    retention.remove(chosen)  # first, or an interruption would leave pictures that nothing lists
    retention.forget_lines(folder, {each.line for each in chosen})


def _tell(what: str, folder: Path, found: Sequence[Kept], chosen: Sequence[Kept]) -> None:
    click.echo(
        f"{len(found)} {what} in {folder}, {_size(found)}; "
        f"not wanted any more: {len(chosen)}, {_size(chosen)}"
    )


def _size(kept: Sequence[Kept]) -> str:
    size = sum(each.size for each in kept)
    return f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"

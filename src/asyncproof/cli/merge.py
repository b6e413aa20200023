"""``asyncproof merge``: the parts of a stress run, sent by several machines, as one run."""

import sys
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError
from asyncproof.places import HOME
from asyncproof.stress.merge import merged, parts_of


@click.command()
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=HOME / "reports",
    help="Folder for the report of the whole [reports].",
)
def merge(parts: tuple[Path, ...], report_dir: Path) -> None:
    """Judge PARTS as one run: history files, folders of runs, or one folder that holds them all."""
    try:
        result = merged([path for given in parts for path in _histories(given)], report_dir)
    except HistoryError as error:
        usage_error(str(error))
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.SETUP_FAILED)
    click.echo("\n".join(result.lines()))
    sys.exit(result.verdict.exit_code)


def _histories(given: Path) -> list[Path]:
    if given.is_file():
        return [given]
    own = given / "history.ndjson"
    return [own] if own.is_file() else parts_of(given)

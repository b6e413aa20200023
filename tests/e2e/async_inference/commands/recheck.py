"""``cli recheck``: judge a recorded history again, without a miner."""

import sys
from pathlib import Path

import click

from tests.e2e.async_inference.commands.usage import usage_error
from tests.e2e.async_inference.rejudge import rejudge
from tests.e2e.async_inference.session import CONTRACT
from tests.harness import contract
from tests.harness.history import HistoryError
from tests.harness.report import machine, terminal


@click.command()
@click.argument("history", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="A broken SHOULD fails too.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def recheck(history: Path, strict: bool, as_json: bool) -> None:
    """Judge HISTORY (reports/RUN/history.ndjson, or the folder of a run) again."""
    path = history / "history.ndjson" if history.is_dir() else history
    levels = contract.levels(contract.load(CONTRACT))
    try:
        verdict = rejudge(path, levels, strict=strict)
    except HistoryError as error:
        usage_error(str(error))
    if as_json:
        click.echo(machine.as_json(verdict, history=str(path)), nl=False)
    else:
        click.echo("\n".join(terminal.lines(verdict)))
    sys.exit(verdict.exit_code)

"""``cli recheck``: judge a recorded history again, without a miner."""

import sys
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness import contract
from asyncproof.harness.contract import Clause
from asyncproof.harness.history_file import HistoryError
from asyncproof.harness.verdict import Verdict
from asyncproof.history.events import reader
from asyncproof.reports import machine, terminal
from asyncproof.reports.damage_gallery import damage_gallery
from asyncproof.reports.html.run_page import report_page
from asyncproof.run.recheck import of_known_jobs, rejudge
from asyncproof.run.session import PROTOCOL


@click.command()
@click.argument("history", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run too.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--html", is_flag=True, help="Write report.html beside the history.")
def recheck(history: Path, strict: bool, as_json: bool, html: bool) -> None:
    """Judge HISTORY (reports/RUN/history.ndjson, or the folder of a run) again."""
    path = history / "history.ndjson" if history.is_dir() else history
    clauses = contract.load(PROTOCOL)
    levels = contract.levels(clauses)
    try:
        verdict = rejudge(path, levels, strict=strict)
    except HistoryError as error:
        usage_error(str(error))
    if html:
        _write_page(path, verdict, clauses)
    if as_json:
        click.echo(machine.as_json(verdict, history=str(path)), nl=False)
    else:
        click.echo("\n".join(terminal.lines(verdict)))
    sys.exit(verdict.exit_code)


def _write_page(path: Path, verdict: Verdict, clauses: dict[str, Clause]) -> None:
    """The report as the run itself would have written it, also of one that was killed."""
    events = of_known_jobs(reader.salvage(path).events)
    gallery = damage_gallery(path.parent, events, verdict.findings)
    page = path.with_name("report.html")
    page.write_text(report_page(events, verdict, clauses, gallery), encoding="utf-8")
    click.echo(f"Page: {page}", err=True)

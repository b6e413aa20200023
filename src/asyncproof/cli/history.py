"""``asyncproof history reports/``: every run that was kept, as rows."""

import json
import sys
from pathlib import Path

import click

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.reports import run_index
from asyncproof.reports.comparison_text import table
from asyncproof.reports.html.index_page import index_page
from asyncproof.run import past_runs

HEADS = ("run", "began (UTC)", "verdict", "broken", "jobs", "p95 of work", "target")


@click.command()
@click.argument("reports", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page here [index.html in the folder].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON; write no page.")
@click.option("--markdown", is_flag=True, help="Print them as Markdown; write no page.")
def history(reports: Path, html: Path | None, as_json: bool, markdown: bool) -> None:
    """Write a page of the runs in REPORTS: verdicts, times, and clauses that break now and then."""
    found = run_index.run_index(list(past_runs.read_all(reports)))
    if as_json:
        click.echo(json.dumps(run_index.as_data(found), indent=2, ensure_ascii=False))
    elif markdown:
        click.echo("\n".join(table(HEADS, map(run_index.row, found.runs))))
    else:
        click.echo("\n".join(run_index.lines(found)))
    if html or not (as_json or markdown):
        page = html or reports / "index.html"
        page.write_text(index_page(found, reports, page.parent), encoding="utf-8")
        click.echo(f"Page: {page}", err=True)
    sys.exit(ExitCode.PASS if found.runs else ExitCode.INCONCLUSIVE)

"""``asyncproof compare A B [C …]``: what changed between runs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.reports import comparison, comparison_text
from asyncproof.reports.html.comparison_page import comparison_page
from asyncproof.reports.past_run import PastRun
from asyncproof.run import past_runs


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page here.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it as Markdown.")
def compare(runs: tuple[Path, ...], html: Path | None, as_json: bool, as_markdown: bool) -> None:
    """Compare RUNS (folders of runs, or their verdict.json), the oldest first.

    Findings that are new, gone or still there; shifts of the times; pictures that changed. Ends
    with 1 where the last run found a clause broken that the first did not.
    """
    if len(runs) < 2:
        usage_error("there is nothing to compare: name at least two runs")
    try:
        found = comparison.compare(_told_apart(runs, [past_runs.read(path) for path in runs]))
    except past_runs.PastRunError as error:
        usage_error(str(error))
    if html:
        folders = [path if path.is_dir() else path.parent for path in runs]
        html.write_text(comparison_page(found, folders, html.parent), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(comparison_text.as_data(found), indent=2, ensure_ascii=False))
    else:
        told = comparison_text.markdown(found) if as_markdown else comparison_text.lines(found)
        click.echo("\n".join(told))
    sys.exit(ExitCode.FINDINGS if found.is_worse else ExitCode.PASS)


def _told_apart(paths: Sequence[Path], runs: Sequence[PastRun]) -> list[PastRun]:
    """Runs whose folders have one name are called by their paths."""
    if len({run.name for run in runs}) == len(runs):
        return list(runs)
    return [replace(run, name=str(path)) for path, run in zip(paths, runs, strict=True)]

"""The HTML report of a run: the verdict, and each scenario as a timeline with its jobs."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from markupsafe import Markup

from asyncproof import __version__
from asyncproof.facts import curl, observed
from asyncproof.facts.timings import PERCENTILES, pace, stage_times
from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import Verdict
from asyncproof.history.build import build
from asyncproof.history.events import AsyncEvent
from asyncproof.history.history import History
from asyncproof.reports.html import plots
from asyncproof.reports.html.page import About, environment, page
from asyncproof.reports.html.run_data import run_data


def report_page(
    events: Sequence[AsyncEvent],
    verdict: Verdict,
    clauses: dict[str, Clause],
    gallery: Markup | None = None,
    *,
    command: str = "",
    note: str = "",
) -> str:
    """The page; pictures in it are linked relative to the run's folder. ``gallery`` shows the
    damaged ones; ``command`` runs the same tests again. ``note`` says what the events leave out,
    where they are not all of the run."""
    whole, data = build(events), run_data(events, verdict)
    stages = [stage for stage in stage_times(whole) if stage.seconds]
    drawn = [plots.load(whole), plots.slowest(whole), *map(plots.histogram, stages)]
    body = (
        environment()
        .get_template("run.html.j2")
        .render(
            gallery=gallery or Markup(),
            stages=stages,
            percentiles=PERCENTILES,
            pace=pace(whole),
            plots=[plot for plot in drawn if plot],
            size=plots,
            jobs=len(whole.jobs),
        )
    )
    chunks = [("chunk", chunk) for chunk in data.chunks]
    return page(
        verdict,
        clauses,
        title="Async inference",
        about=_about(whole, command, note),
        body=Markup(body),  # rendered with autoescape
        scripts_data=[("index", data.index), *chunks],
    )


def _about(whole: History, command: str, note: str) -> About:
    started = whole.started
    versions = f"asyncproof {__version__}, Python {platform.python_version()}"
    facts = {"written with": versions}
    if started:
        date = datetime.fromtimestamp(started.wall, UTC)
        began = f"{date:%Y-%m-%d %H:%M:%S} UTC"
        ran = {"miner": started.target, "began": began, "run": started.run}
        facts = ran | {"seed": str(started.seed)} | facts
    return About(
        facts,
        {"jobs": len(whole.jobs), "pictures": len(whole.pictures)},
        [*([note] if note else []), *observed.lines(whole)],
        started.settings if started else {},
        command,
        partial(curl.behind, whole),
    )

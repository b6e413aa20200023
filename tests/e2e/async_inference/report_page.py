"""The HTML report of a run: the verdict, and each scenario as a timeline with its pictures."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup

from tests.e2e.async_inference.events import AsyncEvent
from tests.e2e.async_inference.fold import split
from tests.e2e.async_inference.timeline import timeline
from tests.harness.contract import Clause
from tests.harness.report.page import environment, page
from tests.harness.verdict import Verdict

TEMPLATES = Path(__file__).with_name("templates")


def report_page(
    events: Iterable[AsyncEvent],
    verdict: Verdict,
    clauses: Mapping[str, Clause],
    gallery: Markup | None = None,
) -> str:
    """The page; pictures in it are linked relative to the run's folder. ``gallery`` shows the
    damaged ones."""
    whole, scenarios = split(events)
    timelines = [timeline(scenario) for scenario in scenarios]
    template = environment(TEMPLATES).get_template("scenarios.html.j2")
    body = Markup(
        template.render(timelines=timelines, gallery=gallery or Markup())
    )  # rendered with autoescape
    started = whole.started
    facts = {"jobs": str(len(whole.jobs)), "pictures": str(len(whole.pictures))}
    if started:
        facts |= {"miner": started.target, "run": started.run, "seed": str(started.seed)}
    return page(verdict, clauses, title="Async inference", facts=facts, body=body)

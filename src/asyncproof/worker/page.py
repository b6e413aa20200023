"""A run of one worker as a page, in the dress of a run's report."""

import platform
from datetime import UTC, datetime

from asyncproof import __version__
from asyncproof.harness import contract
from asyncproof.harness.verdict import Verdict
from asyncproof.reports.html.page import About, page
from asyncproof.worker.judging import PAGE
from asyncproof.worker.record import WorkerHistory


def worker_page(record: WorkerHistory, verdict: Verdict) -> str:
    """Findings, clauses and settings; a worker has no jobs to draw."""
    run = record.run
    facts = {"run": run.run, "worker": run.settings.get("backend", "")}
    if run.wall:
        facts["began"] = f"{datetime.fromtimestamp(run.wall, UTC):%Y-%m-%d %H:%M:%S} UTC"
    facts["written with"] = f"asyncproof {__version__}, Python {platform.python_version()}"
    about = About(facts, {"workers": len(record.workers)}, settings=run.settings)
    return page(verdict, contract.load(PAGE), title="LLM worker", about=about)

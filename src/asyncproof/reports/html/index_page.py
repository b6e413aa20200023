"""The index of many runs as a page, with the trend of their times."""

import os
from pathlib import Path

from markupsafe import Markup

from asyncproof.reports.html.page import STATIC, environment
from asyncproof.reports.run_index import RunIndex, date_of, flaky_told, p95

STEP, HEIGHT = 14, 60  # of the trend, in pixels; a run is a column
SHOWN = 80  # runs in the trend


def index_page(found: RunIndex, reports: Path, beside: Path) -> str:
    """The page; runs are linked relative to ``beside``, where it will lie."""
    shown = list(reversed(found.runs[:SHOWN]))
    longest = max((p95(run) or 0.0 for run in shown), default=0.0)
    columns = [
        (n * STEP, run, round(HEIGHT * (p95(run) or 0.0) / (longest or 1.0), 1))
        for n, run in enumerate(shown)
    ]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            found=found,
            folder=Path(os.path.relpath(reports, beside)).as_posix(),
            columns=columns,
            longest=longest,
            step=STEP,
            height=HEIGHT,
            date_of=date_of,
            p95=p95,
            flaky_told=flaky_told,
            style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),  # our own file
        )
    )

"""A comparison of runs as a page."""

import os
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from asyncproof.reports.comparison import RunComparison
from asyncproof.reports.comparison_text import counts_told, pictures_told, shift_told
from asyncproof.reports.html.page import STATIC, environment
from asyncproof.reports.run_index import date_of


def comparison_page(found: RunComparison, folders: Sequence[Path], beside: Path) -> str:
    """The page; reports and pictures are linked relative to ``beside``, where it will lie."""
    links = {
        run.name: Path(os.path.relpath(folder, beside)).as_posix()
        for run, folder in zip(found.runs, folders, strict=True)
    }
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            found=found,
            first=found.runs[0],
            links=links,
            date_of=date_of,
            counts_told=counts_told,
            shift_told=shift_told,
            pictures_told=pictures_told(found),
            style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),  # our own file
        )
    )

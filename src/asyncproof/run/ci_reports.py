"""What a run says to the system of continuous integration that it runs in."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from asyncproof.reports import ci
from asyncproof.run.session import Session


def to_github(run: Session, environ: Mapping[str, str]) -> Iterator[str]:
    """Lines to print for its annotations; its job summary is written on the way. Nothing outside
    of GitHub's actions."""
    verdict = run.verdict()
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        report = f"Report: `{run.recorder.folder / 'report.html'}`" if run.recorder else ""
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(ci.github_summary(verdict, run.clauses, report))
    if environ.get("GITHUB_ACTIONS") == "true":
        yield from ci.github_annotations(verdict, run.clauses)


def to_gitlab(run: Session, file: Path) -> None:
    """The code quality report, which names the page of the run."""
    page = run.recorder.folder / "report.html" if run.recorder else Path("report.html")
    shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
    text = ci.gitlab_code_quality(run.verdict(), run.clauses, shown.as_posix())
    file.write_text(text, encoding="utf-8")

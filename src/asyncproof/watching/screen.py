"""What ``cli watch`` shows: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from asyncproof.history.job_health import Diagnosis, JobHealth, shown_percent
from asyncproof.watching.watch import Watch, Watched

ROWS = 20  # of the table: the jobs without progress for longest
EVERY = 60.0  # seconds between two plain lines that only report that the watch is running
STYLES = {JobHealth.FINE: "green", JobHealth.SLOW: "yellow"}


class Screen(Protocol):
    def tell(self, line: str) -> None:
        """Print a line that stays."""

    def show(self, at: float, watch: Watch, problem: str) -> None:
        """Show the current state; ``problem`` says why the last check showed nothing."""

    def close(self) -> None:
        """Restore the terminal."""


class PlainScreen:
    """Lines for a log: the findings, and from time to time that the watch is running."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo, self._due, self._problem = echo, 0.0, ""

    def tell(self, line: str) -> None:
        self._echo(line)

    def show(self, at: float, watch: Watch, problem: str) -> None:
        if problem != self._problem:
            self._echo(f"no answer: {problem}" if problem else "the miner answers again")
            self._problem = problem
        if at >= self._due:
            self._due = at + EVERY
            self._echo(summary(watch))

    def close(self) -> None:
        """Nothing to restore."""


class MovingScreen:
    """A table of the jobs in flight; lines that stay go above it."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def tell(self, line: str) -> None:
        self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, at: float, watch: Watch, problem: str) -> None:
        # The empty last line takes the echoed ^C, so that all of it is cleared.
        self._live.update(Group(table(at, watch, problem), Text()), refresh=True)

    def close(self) -> None:
        self._live.stop()


def summary(watch: Watch) -> str:
    """The counts in one line."""
    found = ", ".join(f"{count} {life}" for life, count in sorted(watch.found.items()))
    return f"{len(watch)} in flight, {watch.ended} ended, found: {found or 'nothing'}"


def table(at: float, watch: Watch, problem: str) -> Table:
    """The jobs in flight, those without progress for longest first."""
    rows = sorted(watch.diagnoses(at), key=lambda row: row[1].still, reverse=True)
    more = f" (and {len(rows) - ROWS} more)" if len(rows) > ROWS else ""
    title, caption = summary(watch) + more, escape(problem)
    shown = Table(title=title, caption=caption, expand=True, box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("\njob", overflow="ellipsis", min_width=8)  # gives way to the others
    for heading in ("state", "stage", "progress", "heartbeat", "progress\nchange", "% / min"):
        shown.add_column(heading if "\n" in heading else f"\n{heading}", no_wrap=True)
    for watched, diagnosis in rows[:ROWS]:
        shown.add_row(*_cells(watched, diagnosis), style=STYLES.get(diagnosis.life, "bold red"))
    return shown


def _cells(watched: Watched, found: Diagnosis) -> tuple[str, ...]:
    return (
        escape(watched.job_id),
        found.life,
        found.stage,
        "?" if found.progress is None else f"{shown_percent(found.progress)} %",
        f"{found.silent:.1f} s ago",
        f"{found.still:.1f} s ago",
        "" if found.pace is None else f"{found.pace:.1f}",
    )

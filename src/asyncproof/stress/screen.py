"""What a stress run shows while it goes on: a table that moves on a terminal, else one line every
ten seconds; findings as they come on both."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import AsyncEvent
from asyncproof.stress.tally import PERCENTILES, Tally

PLAIN_SECONDS = 10.0
REDRAW_SECONDS = 0.25
SHOWN_OF_EACH = 3  # findings with the same cause; the rest are counted at the end
TITLES = ("in flight", "submitted", "done", "failed")


class StressScreen(Protocol):
    """Shows a run. Called on one thread only."""

    def event(self, event: AsyncEvent, tally: Tally) -> None: ...

    def finding(self, finding: Finding) -> None: ...

    def close(self) -> None: ...


class NewFindings:
    """The lines for findings: of each cause a few, so that a miner that fails every job does not
    drown the rest."""

    def __init__(self) -> None:
        self._told = Counter[tuple[str, str]]()

    def lines(self, finding: Finding) -> Iterator[str]:
        key = finding.clause, finding.cause or finding.clause
        self._told[key] += 1
        if self._told[key] <= SHOWN_OF_EACH:
            yield str(finding)
        elif self._told[key] == SHOWN_OF_EACH + 1:
            yield f"{finding.clause}: more of the same; they are counted at the end"


def status(tally: Tally, rate: float) -> str:
    """One line: where the run stands. ``rate`` is jobs that ended per second, of late."""
    counts = (tally.in_flight, tally.submitted, tally.done, tally.failed)
    told = ", ".join(f"{count} {title}" for count, title in zip(counts, TITLES, strict=True))
    work = tally.times["work"]
    p95 = f", p95 of work {work.percentile(95):.2f} s" if work.count else ""
    errors = sum(tally.errors.values())
    failed = f", {errors} requests without an answer" if errors else ""
    behind = f", own polls up to {tally.behind:.1f} s late" if tally.behind else ""
    return f"{tally.now:.0f} s: {told}, {rate:.1f} a second{p95}{failed}{behind}"


class Rate:
    """Jobs that ended per second, since the last question."""

    def __init__(self) -> None:
        self._at, self._ended = 0.0, 0

    def __call__(self, tally: Tally) -> float:
        ended = tally.done + tally.failed
        rate = (ended - self._ended) / max(tally.now - self._at, 0.001)
        self._at, self._ended = tally.now, ended
        return rate


class PlainStress:
    """Lines for a log: written with ``write``."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._findings, self._rate = write, NewFindings(), Rate()
        self._due = PLAIN_SECONDS

    def event(self, event: AsyncEvent, tally: Tally) -> None:
        if event.at >= self._due:
            self._due = event.at + PLAIN_SECONDS
            self._write(status(tally, self._rate(tally)))

    def finding(self, finding: Finding) -> None:
        for line in self._findings.lines(finding):
            self._write(line)

    def close(self) -> None:
        """Nothing is open."""


class MovingStress:
    """A table that is drawn again and again in the same place."""

    def __init__(self, console: Console) -> None:
        self._findings, self._rate, self._drawn = NewFindings(), Rate(), 0.0
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def event(self, event: AsyncEvent, tally: Tally) -> None:
        if event.at - self._drawn >= REDRAW_SECONDS:
            self._drawn = event.at
            shown = Group(Text(status(tally, self._rate(tally))), _table(tally))
            self._live.update(shown, refresh=True)

    def finding(self, finding: Finding) -> None:
        for line in self._findings.lines(finding):
            self._live.console.print(line, markup=False, highlight=False)

    def close(self) -> None:
        self._live.stop()


def _table(tally: Tally) -> Table:
    table = Table("seconds", *(f"p{p}" for p in PERCENTILES), "max", box=None)
    for name, times in tally.times.items():
        if times.count:
            shown = (*map(times.percentile, PERCENTILES), times.largest)
            table.add_row(name, *(f"{value:.3f}" for value in shown))
    return table

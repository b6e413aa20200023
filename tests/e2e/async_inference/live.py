"""What a run shows while it goes on: a moving bar on a terminal, plain lines elsewhere."""

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.e2e.async_inference.events import (
    Answered,
    Delivered,
    GaveUp,
    Polled,
    ScenarioEnded,
    ScenarioStarted,
)
from tests.e2e.async_inference.protocol import TERMINAL, accepted
from tests.e2e.async_inference.recorder import Recorder
from tests.harness.history import Event

PLAIN_LINES = 4  # of one scenario, beside its first and last


class Tally:
    """Counts the jobs of the scenario that is running. No output."""

    def __init__(self) -> None:
        self.name, self.jobs, self.began = "", 0, 0.0
        self._ended = set[str]()
        self._status: dict[str, str] = {}
        self.delivered = 0

    def __call__(self, event: Event) -> bool:
        """Take an event in; whether a job has just ended."""
        before = len(self._ended)
        if isinstance(event, ScenarioStarted):
            self.__init__()  # type: ignore[misc]
            self.name, self.jobs, self.began = event.name, event.jobs, event.at
        elif isinstance(event, Answered):
            self._status[event.job] = "queued"
            if not accepted(event):
                self._ended.add(event.job)
        elif isinstance(event, Polled) and event.status:
            self._status[event.job] = event.status
            if event.status in TERMINAL:
                self._ended.add(event.job)
        elif isinstance(event, GaveUp):
            self._ended.add(event.job)
        elif isinstance(event, Delivered):
            self.delivered += 1
        return len(self._ended) > before

    @property
    def ended(self) -> int:
        return len(self._ended)

    def __str__(self) -> str:
        states = list(self._status.values())
        counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states))
        return f"{counts or 'nothing sent yet'}, {self.delivered} callbacks"


class PlainLive:
    """A few lines for each scenario, for logs."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter, self._tally = reporter, Tally()

    def __call__(self, event: Event) -> None:
        one_more, tally = self._tally(event), self._tally
        if isinstance(event, ScenarioStarted) and tally.jobs > 1:
            self._line(f"{tally.name}: {tally.jobs} jobs, {event.shape}, {event.nemesis}")
        elif isinstance(event, ScenarioEnded) and tally.jobs > 1:
            self._line(f"{tally.name}: ended after {event.at - tally.began:.1f} s, {tally}")
        elif one_more and tally.ended % max(1, tally.jobs // PLAIN_LINES) == 0 and tally.jobs > 1:
            self._line(f"{tally.name}: {tally.ended} of {tally.jobs} ended, {tally}")

    def _line(self, text: str) -> None:
        self._reporter.ensure_newline()
        self._reporter.write_line(f"  {text}")


class MovingLive:
    """One bar for the scenario that is running; it goes away with it."""

    def __init__(self, console: Console) -> None:
        self._console, self._tally = console, Tally()
        self._bar: Progress | None = None

    def __call__(self, event: Event) -> None:
        self._tally(event)
        if isinstance(event, ScenarioStarted) and event.jobs:
            self._start()
        elif isinstance(event, ScenarioEnded):
            self.stop()
        elif self._bar is not None:
            self._bar.update(self._task, completed=self._tally.ended, states=str(self._tally))

    def _start(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        states = TextColumn("{task.fields[states]}")
        self._console.line()
        self._bar = Progress(*columns, states, console=self._console, transient=True)
        self._task = self._bar.add_task("", total=self._tally.jobs, states="")
        self._bar.start()

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def watch(recorder: Recorder, plugins: pytest.PytestPluginManager) -> None:
    """Show the run of this recorder where pytest reports, if it does."""
    reporter: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
    if reporter is None:
        return
    if reporter.isatty:
        file = reporter._tw._file  # pytest has no public name for its stream
        recorder.observers.append(MovingLive(Console(file=file)))
    else:
        recorder.observers.append(PlainLive(reporter))

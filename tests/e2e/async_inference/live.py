"""What a run shows while it goes on: a moving bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

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
REDRAW_SECONDS = 0.1


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


# Opens a way past pytest's capturing of output, as its own live log does.
Uncaptured = Callable[[], AbstractContextManager[None]]


class PlainLive:
    """A few lines for each scenario, for logs."""

    def __init__(self, reporter: pytest.TerminalReporter, uncaptured: Uncaptured) -> None:
        self._reporter, self._uncaptured, self._tally = reporter, uncaptured, Tally()

    def __call__(self, event: Event) -> None:
        one_more, tally = self._tally(event), self._tally
        if isinstance(event, ScenarioStarted) and tally.jobs > 1:
            self._line(f"{tally.name}: {tally.jobs} jobs, {event.shape}; nemesis: {event.nemesis}")
        elif isinstance(event, ScenarioEnded) and tally.jobs > 1:
            self._line(f"{tally.name}: ended after {event.at - tally.began:.1f} s, {tally}")
        elif one_more and tally.ended % max(1, tally.jobs // PLAIN_LINES) == 0 and tally.jobs > 1:
            self._line(f"{tally.name}: {tally.ended} of {tally.jobs} ended, {tally}")

    def _line(self, text: str) -> None:
        with self._uncaptured():
            self._reporter.ensure_newline()
            self._reporter.write_line(f"  {text}")


class MovingLive:
    """One bar for the scenario that is running; it goes away with it."""

    def __init__(self, console: Console, uncaptured: Uncaptured) -> None:
        self._console, self._uncaptured, self._tally = console, uncaptured, Tally()
        self._bar: Progress | None = None
        self._drawn = 0.0

    def __call__(self, event: Event) -> None:
        self._tally(event)
        if isinstance(event, ScenarioStarted) and event.jobs > 1:
            with self._uncaptured():
                self._start()
        elif isinstance(event, ScenarioEnded) and self._bar is not None:
            with self._uncaptured():
                self._bar.stop()
            self._bar = None
        elif self._bar is not None and event.at - self._drawn > REDRAW_SECONDS:
            self._drawn = event.at
            self._bar.update(self._task, completed=self._tally.ended, states=str(self._tally))
            with self._uncaptured():
                self._bar.refresh()

    def _start(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        states = TextColumn("{task.fields[states]}")
        self._console.line()
        self._bar = Progress(
            *columns, states, console=self._console, transient=True, auto_refresh=False
        )
        self._task = self._bar.add_task("", total=self._tally.jobs, states="")
        self._bar.start()


def watch(recorder: Recorder, plugins: pytest.PytestPluginManager) -> None:
    """Show the run of this recorder where pytest reports, if it does."""
    reporter: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
    if reporter is None:
        return
    capture = plugins.get_plugin("capturemanager")
    uncaptured = capture.global_and_fixture_disabled if capture else nullcontext
    if reporter.isatty:
        file = reporter._tw._file  # pytest has no public name for its stream
        recorder.observers.append(MovingLive(Console(file=file), uncaptured))
    else:
        recorder.observers.append(PlainLive(reporter, uncaptured))

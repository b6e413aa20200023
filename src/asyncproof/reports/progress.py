"""What a run shows while it goes on: a moving bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    GaveUp,
    Polled,
    ScenarioEnded,
    ScenarioStarted,
)
from asyncproof.history.recorder import Recorder
from asyncproof.reports.notices import Notices
from asyncproof.vocabulary import TERMINAL

PLAIN_LINES = 4  # of one scenario, beside its first and last
PLAIN_SECONDS = 10.0  # between two lines of a log that is not verbose
REDRAW_SECONDS = 0.1


class ProgressTally:
    """Counts the jobs of the scenario that is running. No output."""

    def __init__(self) -> None:
        self.name, self.jobs, self.began = "", 0, 0.0
        self._ended = set[str]()
        self._status: dict[str, str] = {}
        self.delivered, self.over = 0, False

    def __call__(self, event: AsyncEvent) -> bool:
        """Take an event in; whether a job has just ended."""
        before = len(self._ended)
        if isinstance(event, ScenarioStarted):
            self.__init__()  # type: ignore[misc]
            self.name, self.jobs, self.began = event.name, event.jobs, event.at
        elif isinstance(event, Answered):
            self._status[event.job] = "queued" if event.takes_the_job else "refused"
            if not event.takes_the_job:
                self._ended.add(event.job)
        elif isinstance(event, Polled) and event.status:
            self._status[event.job] = event.status
            if event.status in TERMINAL:
                self._ended.add(event.job)
        elif isinstance(event, GaveUp):
            self._ended.add(event.job)
        elif isinstance(event, ScenarioEnded):
            self.over = True
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
    """Lines for logs: one every ten seconds; where pytest is verbose, a few for each scenario."""

    def __init__(
        self, reporter: pytest.TerminalReporter, uncaptured: Uncaptured, verbose: bool
    ) -> None:
        self._reporter, self._uncaptured, self._verbose = reporter, uncaptured, verbose
        self._tally, self._said, self._notices = ProgressTally(), 0.0, Notices()

    def __call__(self, event: AsyncEvent) -> None:
        one_more, tally = self._tally(event), self._tally
        for line in self._notices(event):
            self._line(line)
        if isinstance(event, ScenarioStarted):
            self._said = event.at
        if self._verbose:
            self._in_full(event, one_more)
        elif event.at - self._said >= PLAIN_SECONDS and tally.jobs and not tally.over:
            self._said = event.at
            waited = event.at - tally.began
            self._line(f"{tally.name}: {tally.ended} of {tally.jobs} ended after {waited:.0f} s")

    def _in_full(self, event: AsyncEvent, one_more: bool) -> None:
        tally = self._tally
        if tally.jobs < 2:
            return
        if isinstance(event, ScenarioStarted):
            self._line(f"{tally.name}: {tally.jobs} jobs, {event.shape}; nemesis: {event.nemesis}")
        elif isinstance(event, ScenarioEnded):
            self._line(f"{tally.name}: ended after {event.at - tally.began:.1f} s, {tally}")
        elif one_more and tally.ended % max(1, tally.jobs // PLAIN_LINES) == 0:
            self._line(f"{tally.name}: {tally.ended} of {tally.jobs} ended, {tally}")

    def _line(self, text: str) -> None:
        with self._uncaptured():
            self._reporter.ensure_newline()
            self._reporter.write_line(f"  {text}")


class MovingLive:
    """One bar for the scenario that is running; it goes away with it."""

    def __init__(self, reporter: pytest.TerminalReporter, uncaptured: Uncaptured) -> None:
        # Forced, because the stream is captured while the console looks whether it is a terminal.
        file = reporter._tw._file  # pytest has no public name for its stream
        self._console = Console(file=file, force_terminal=True, force_interactive=True)
        self._reporter, self._uncaptured, self._tally = reporter, uncaptured, ProgressTally()
        self._notices = Notices()
        self._bar: Progress | None = None
        self._drawn = 0.0

    def __call__(self, event: AsyncEvent) -> None:
        self._tally(event)
        for line in self._notices(event):
            self._line(line)
        if isinstance(event, ScenarioStarted) and event.jobs > 1:
            with self._uncaptured():
                self._start()
        elif isinstance(event, ScenarioEnded) and self._bar is not None:
            with self._uncaptured():
                self._update(self._bar)
                self._bar.refresh()
                self._bar.stop()
            self._bar = None
        elif self._bar is not None and event.at - self._drawn > REDRAW_SECONDS:
            self._drawn = event.at
            self._update(self._bar)
            with self._uncaptured():
                self._bar.refresh()

    def _line(self, text: str) -> None:
        """Above the bar, where there is one."""
        with self._uncaptured():
            self._reporter.ensure_newline()
            self._console.print(f"  {text}", markup=False, highlight=False)

    def _start(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        states = TextColumn("{task.fields[states]}")
        self._reporter.ensure_newline()
        self._bar = Progress(
            *columns, states, console=self._console, transient=True, auto_refresh=False
        )
        self._bar.add_task("", total=self._tally.jobs, states="")
        self._bar.start()

    def _update(self, bar: Progress) -> None:
        bar.update(bar.task_ids[0], completed=self._tally.ended, states=str(self._tally))


def watch(recorder: Recorder, plugins: pytest.PytestPluginManager) -> None:
    """Show the run of this recorder where pytest reports, if it does."""
    reporter: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
    if reporter is None:
        return
    capture = plugins.get_plugin("capturemanager")
    uncaptured = capture.global_and_fixture_disabled if capture else nullcontext
    if reporter.isatty:
        recorder.observers.append(MovingLive(reporter, uncaptured))
    else:
        verbose = reporter.config.get_verbosity() > 0
        recorder.observers.append(PlainLive(reporter, uncaptured, verbose))

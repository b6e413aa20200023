"""What a suite tells while it runs, as frozen values; written by ``plugin/coordinator_events.py``.

A test is named by its pytest node id. Times are seconds since the start of the suite.
"""

from typing import TypeAlias

from tests.harness.history import Event, HistoryReader


class SessionStarted(Event, frozen=True):
    """Pytest is configured; ``wall`` is the Unix time of ``at`` 0."""

    wall: float
    pid: int
    pytest: str
    args: tuple[str, ...] = ()


class CollectionFailed(Event, frozen=True):
    """A file or class could not be collected (an import that fails, for example)."""

    node: str
    text: str = ""


class CollectionSkipped(Event, frozen=True):
    """A file or class was skipped as a whole, so that none of its tests is planned."""

    node: str
    text: str = ""


class Planned(Event, frozen=True):
    """A test that was collected and selected: it owes an outcome."""

    test: str


class Collected(Event, frozen=True):
    """Collection is over; ``count`` tests are planned. Without this event the plan is not known.
    ``elsewhere`` tests fell into other parts of the suite."""

    count: int
    elsewhere: int = 0


class Started(Event, frozen=True):
    test: str


class Phase(Event, frozen=True):
    """One phase of one test ended. ``when`` is ``setup``, ``call`` or ``teardown``, or ``???``
    where pytest-xdist reports that the worker process died under the test."""

    test: str
    when: str
    outcome: str
    took: float = 0.0
    xfail: bool = False
    text: str = ""
    output: str = ""


class InternalError(Event, frozen=True):
    """Pytest itself, or a plugin, raised."""

    text: str


class Interrupted(Event, frozen=True):
    """Ctrl-C, SIGINT or ``pytest.exit``."""

    text: str


class SessionEnded(Event, frozen=True):
    """The end mark, with the exit status that pytest is about to return (None: no session)."""

    exit_status: int | None = None


SuiteEvent: TypeAlias = (
    SessionStarted
    | CollectionFailed
    | CollectionSkipped
    | Planned
    | Collected
    | Started
    | Phase
    | InternalError
    | Interrupted
    | SessionEnded
)

reader: HistoryReader[SuiteEvent] = HistoryReader(SuiteEvent)

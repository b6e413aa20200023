"""The events of a running suite, as frozen values; written by ``plugin/coordinator_events.py``.

A test is named by its pytest node id. Times are seconds since the start of the suite.
"""

from typing import TypeAlias

from asyncproof.harness.history_file import Event, HistoryReader


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


class TestsCollected(Event, frozen=True, tag="Collected"):
    """Collection is over; ``count`` tests are planned. Without this event the plan is unknown.
    ``elsewhere`` tests belong to other parts of the suite, ``deselected`` ones were not
    selected."""

    count: int
    elsewhere: int = 0
    deselected: int = 0


class Started(Event, frozen=True):
    test: str


class Phase(Event, frozen=True):
    """One phase of one test ended. ``when`` is ``setup``, ``call`` or ``teardown``, or ``???`` if
    pytest-xdist reports that the worker process died during the test."""

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
    | TestsCollected
    | Started
    | Phase
    | InternalError
    | Interrupted
    | SessionEnded
)

reader: HistoryReader[SuiteEvent] = HistoryReader(SuiteEvent)

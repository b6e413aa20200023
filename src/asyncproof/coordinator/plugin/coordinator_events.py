"""Pytest plugin: write what happens in a session to a file, one flushed JSON line for each event.

Use it in any suite with this folder on PYTHONPATH::

    pytest -p coordinator_events --coordinator-events=run.events.ndjson

or with ``COORDINATOR_EVENTS`` instead of the option. With neither, the plugin does nothing. Under
pytest-xdist the controller writes and the workers do not. The fields of each event are described in
``src/asyncproof/coordinator/events.py``.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

OPTION = "--coordinator-events"
VARIABLE = "COORDINATOR_EVENTS"
TEXT_LIMIT = 20_000
"""Characters kept of one traceback or one captured stream: its end, which says most."""


class EventFile:
    """An append-only file. Each line goes to the kernel at once, so a SIGKILL loses none of it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._owner = os.getpid()
        self._start = time.monotonic()

    def write(self, *events: dict[str, object]) -> None:
        """Append all events in one write. A forked child of a test is not this session: no-op."""
        if os.getpid() != self._owner:
            return
        at = round(time.monotonic() - self._start, 6)
        lines = [json.dumps({**event, "at": at}, ensure_ascii=False) + "\n" for event in events]
        self._file.write("".join(lines).encode("utf-8", "replace"))

    def close(self) -> None:
        self._file.close()


class EventRecorder:
    """The hooks of one session."""

    def __init__(self, events: EventFile) -> None:
        self._events = events
        self._planned = False
        self._deselected = 0
        self._session: pytest.Session | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome == "passed":
            return
        kind = "CollectionFailed" if report.failed else "CollectionSkipped"
        self._events.write({"type": kind, "node": report.nodeid, "text": _text(_reason(report))})

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist. (Its controller collects nothing; its workers report, see below.)"""
        if not session.config.pluginmanager.has_plugin("dsession"):
            cut = session.config.pluginmanager.get_plugin("coordinator-cut")
            self._plan([item.nodeid for item in session.items], getattr(cut, "elsewhere", 0))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Every xdist worker collects the same tests; the first one to report is enough."""
        if not self._planned:
            self._plan(ids)

    def _plan(self, tests: list[str], elsewhere: int = 0) -> None:
        self._planned = True
        planned: list[dict[str, object]] = [{"type": "Planned", "test": test} for test in tests]
        collected: dict[str, object] = {
            "type": "Collected",
            "count": len(tests),
            "elsewhere": elsewhere,
            "deselected": max(0, self._deselected - elsewhere),  # the cut deselects as well
        }
        self._events.write(*planned, collected)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._events.write({"type": "Started", "test": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        event: dict[str, object] = {
            "type": "Phase",
            "test": report.nodeid,
            "when": str(report.when),
            "outcome": str(report.outcome),
            "took": round(report.duration, 6) if hasattr(report, "duration") else 0.0,
        }
        if hasattr(report, "wasxfail"):
            event["xfail"] = True
            event["text"] = _text(report.wasxfail)
        elif report.outcome != "passed":
            event["text"] = _text(_reason(report))
            event["output"] = _text("\n".join(f"{title}:\n{s}" for title, s in report.sections))
        self._events.write(event)

    def pytest_internalerror(self, excrepr: object) -> None:
        self._events.write({"type": "InternalError", "text": _text(excrepr)})

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self._events.write({"type": "Interrupted", "text": _text(excinfo.exconly())})

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The end mark: written last, when no other plugin changes the exit status any more."""
        status = int(self._session.exitstatus) if self._session else None
        self._events.write({"type": "SessionEnded", "exit_status": status})
        self._events.close()


def _reason(report: pytest.TestReport | pytest.CollectReport) -> object:
    """Only the reason of a skip; the whole representation of anything else."""
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return report.longrepr


def _text(value: object) -> str:
    text = str(value) if value is not None else ""
    return text if len(text) <= TEXT_LIMIT else f"[start cut off]\n{text[-TEXT_LIMIT:]}"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("coordinator")
    group.addoption(
        OPTION,
        metavar="FILE",
        default=None,
        help=f"append every event to FILE (or set {VARIABLE})",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Removed from the environment, so that a pytest started by a test does not write here too.
    inherited = os.environ.pop(VARIABLE, None)
    path = config.getoption(OPTION) or inherited
    if not path or hasattr(config, "workerinput"):
        return
    try:
        events = EventFile(Path(path))
    except OSError as error:
        raise pytest.UsageError(f"{OPTION}: cannot write {path}: {error.strerror}") from error
    events.write(
        {
            "type": "SessionStarted",
            "wall": time.time(),
            "pid": os.getpid(),
            "pytest": pytest.__version__,
            "args": list(config.invocation_params.args),
        }
    )
    config.pluginmanager.register(EventRecorder(events), "coordinator-event-recorder")

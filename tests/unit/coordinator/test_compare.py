"""Tests that break when suites run together are named, with what the suites share."""

import asyncio
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.coordinator.attempt import Attempt
from tests.coordinator.compare import Compared, Comparison, explain
from tests.coordinator.comparison import (
    Touch,
    differing,
    find_shared,
    fisher,
)
from tests.coordinator.ending import Ended
from tests.coordinator.fold import TestOutcome
from tests.coordinator.local import LocalBackend
from tests.coordinator.run import Backend
from tests.coordinator.session import start
from tests.harness.exit_codes import ExitCode
from tests.harness.history import HistoryWriter
from tests.unit.coordinator.runs import Said, declare, options
from tests.unit.coordinator.test_fold import whole

PASSED, FAILED = TestOutcome.PASSED, TestOutcome.FAILED


def compare(folder: Path, sources: dict[str, str], backend: Backend, repeats: int) -> Compared:
    session = start(options(declare(folder, sources)), list(sources))
    return asyncio.run(Comparison(session.plan, backend, Said()).run(session.suites, repeats))


@dataclass
class Scripted:
    """A backend that does not run anything: test ``t1`` of suite ``b`` fails in company, and test
    ``t2`` in every second run."""

    running: int = 0
    runs: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, attempt: Attempt) -> Ended:
        together = "together" in attempt.folder.parts[-3]
        outcomes = ["passed", "passed", "passed"]
        if attempt.suite.name == "b":
            self.runs += 1
            outcomes = [
                "passed",
                "failed" if together else "passed",
                "failed" if self.runs % 4 in {2, 3} else "passed",
            ]
        with HistoryWriter(attempt.events) as events:
            for event in whole(outcomes):
                events.append(event)
        return Ended(exit_code=1 if "failed" in outcomes else 0)

    async def reap(self, run: str) -> list[str]:
        return []


def test_repeats_tell_cause_from_chance(tmp_path: Path) -> None:
    """What fails each time together and never alone has a cause; what fails anyhow has not."""
    compared = compare(tmp_path, {"a": "", "b": ""}, Scripted(), repeats=3)

    told = {d.test: (d.suite, d.verdict) for d in compared.differences}
    assert told["t.py::t1"] == ("b", "cause")
    assert told.get("t.py::t2", ("b", "chance")) == ("b", "chance")
    assert compared.rounds == 4
    assert compared.exit_code is ExitCode.FINDINGS
    assert any("4 of 4 together; cause" in line for line in explain(compared))


HOLDS_PORT = """
import pathlib, socket, time
def until(name, seconds):
    end = time.monotonic() + seconds
    while not pathlib.Path(name).exists() and time.monotonic() < end: time.sleep(0.01)
def test_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", PORT))
        pathlib.Path("bound").touch()
        until("tried", WAIT)
    pathlib.Path("bound").unlink()
"""
WANTS_PORT = """
import pathlib, socket, time
def test_wants():
    end = time.monotonic() + 3
    while not pathlib.Path("bound").exists() and time.monotonic() < end: time.sleep(0.01)
    if pathlib.Path("bound").exists(): pathlib.Path("tried").touch()
    with socket.socket() as server:
        server.bind(("127.0.0.1", PORT))
"""


def test_two_suites_on_one_port_are_found_with_the_port(tmp_path: Path) -> None:
    """Green alone, red together, and the port that both bind is named beside the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sources = {
        "holds": HOLDS_PORT.replace("PORT", str(port)).replace("WAIT", "3"),
        "wants": WANTS_PORT.replace("PORT", str(port)),
    }

    compared = compare(tmp_path, sources, LocalBackend(), repeats=0)

    (difference,) = compared.differences
    assert difference.test == "wants/test_it.py::test_wants"
    assert difference.verdict == "unsettled", "one round proves nothing yet"
    assert [(s.kind, s.what) for s in difference.shared] == [("port", str(port))]
    assert compared.exit_code is ExitCode.FINDINGS


def test_what_is_shared_is_what_two_suites_touch() -> None:
    """Connecting to a port that another suite binds is sharing it; a suite's own server is not."""
    touches = {
        "a": [Touch("port", "80", "t"), Touch("server", "127.0.0.1:80"), Touch("path", "/own")],
        "b": [Touch("server", "127.0.0.1:80"), Touch("server", "h:90", "u"), Touch("path", "/x")],
        "c": [Touch("server", "h:90", "v"), Touch("path", "/x", "w")],
    }

    shared = find_shared(touches)

    assert [(s.kind, s.what, s.suites) for s in shared] == [
        ("path", "/x", ("b", "c")),
        ("port", "80", ("a", "b")),
        ("server", "h:90", ("b", "c")),
    ]
    assert shared[2].tests == {"u", "v"}


def test_a_test_that_is_missing_together_differs() -> None:
    """A test lost with its suite is no agreement."""
    alone = {("a", "t1"): [PASSED], ("a", "t2"): [PASSED]}

    (difference,) = differing(alone, {("a", "t1"): [PASSED]})

    assert (difference.test, difference.together) == ("t2", (TestOutcome.NEVER_STARTED,))


@pytest.mark.parametrize(
    ("alone", "together", "verdict"),
    [
        ([PASSED] * 4, [FAILED] * 4, "cause"),
        ([FAILED] * 4, [PASSED] * 4, "cause"),
        ([PASSED] * 4, [PASSED, PASSED, FAILED, FAILED], "unsettled"),
        ([FAILED, PASSED, PASSED, PASSED], [FAILED, FAILED, FAILED, FAILED], "chance"),
        ([PASSED], [FAILED], "unsettled"),
    ],
)
def test_the_verdict_on_a_difference(
    alone: list[TestOutcome], together: list[TestOutcome], verdict: str
) -> None:
    (difference,) = differing({("a", "t"): alone}, {("a", "t"): together})

    assert difference.verdict == verdict


def test_fisher_agrees_with_the_lady_tasting_tea() -> None:
    """R. A. Fisher, The Design of Experiments (1935): 4 of 4 right has p = 1/70."""
    assert fisher(0, 4, 4, 4) == pytest.approx(1 / 70)
    assert fisher(1, 4, 3, 4) == pytest.approx(17 / 70)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_fisher_is_a_probability_and_falls_with_the_evidence(
    a: int, b: int, data: st.DataObject
) -> None:
    failures = data.draw(st.integers(0, a + b))
    worst = range(max(0, failures - a), min(failures, b) + 1)
    chances = [fisher(failures - k, a, k, b) for k in worst]

    assert all(0 < p <= 1 for p in chances)
    assert chances == sorted(chances, reverse=True)

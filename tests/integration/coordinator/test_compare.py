"""Tests that break when suites run together are named, with what the suites share."""

import asyncio
import json
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.coordinator.attempt import TOUCHED, SuiteAttempt
from asyncproof.coordinator.build import SuiteRecord, TestOutcome
from asyncproof.coordinator.compare import ComparedSuite, SuiteComparison, explain, read_touches
from asyncproof.coordinator.comparison import (
    Observed,
    Touch,
    differing,
    find_shared,
    fisher,
    observe,
)
from asyncproof.coordinator.exit_reason import ProcessEnd, Reason
from asyncproof.coordinator.kubernetes.spec import job_name
from asyncproof.coordinator.local import LocalBackend
from asyncproof.coordinator.result import conclude
from asyncproof.coordinator.run import Backend
from asyncproof.coordinator.session import start
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryWriter
from tests.support.runs import Said, declare, options
from tests.unit.coordinator.test_build import whole

PASSED, FAILED = TestOutcome.PASSED, TestOutcome.FAILED


def compare(folder: Path, sources: dict[str, str], backend: Backend, repeats: int) -> ComparedSuite:
    session = start(options(declare(folder, sources)), list(sources))
    return asyncio.run(SuiteComparison(session.plan, backend, Said()).run(session.suites, repeats))


@dataclass
class Scripted:
    """A backend that does not run anything: test ``t1`` of suite ``b`` fails in company, and test
    ``t2`` in every second run."""

    one_machine: bool = True
    touches: list[Touch] = field(default_factory=list)
    runs: int = 0
    started: int = 0
    names: list[str] = field(default_factory=list)

    async def run(self, attempt: SuiteAttempt) -> ProcessEnd:
        self.started += 1
        self.names.append(job_name(attempt))
        if self.touches:
            (attempt.folder / TOUCHED).parent.mkdir(parents=True)
            (attempt.folder / TOUCHED).write_bytes(
                msgspec.json.Encoder().encode_lines(self.touches)
            )
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
        return ProcessEnd(exit_code=1 if "failed" in outcomes else 0)

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
    lines = explain(compared)
    assert "t.py::t1: alone 4 passed; together 4 failed; cause (p = 0.014)" in lines
    written = json.loads((next(tmp_path.glob("reports/*")) / "comparison.json").read_text())
    assert {d["test"]: d["verdict"] for d in written["differences"]} == {
        test: verdict for test, (_, verdict) in told.items()
    }


def test_each_round_has_a_run_and_reports_of_its_own(tmp_path: Path) -> None:
    """No two rounds share the name of a Job, and no report of one suite replaces another's."""
    scripted = Scripted()

    compare(tmp_path, {"a": "", "b": ""}, scripted, repeats=1)

    assert len(scripted.names) == len(set(scripted.names)) == 2 + 2 + 1 + 2
    written = json.loads(next(tmp_path.glob("reports/*/alone-1/results.json")).read_text())
    assert [suite["suite"] for suite in written["suites"]] == ["a", "b"]


@dataclass
class Quarrel:
    """Two suites that want one thing: in company one of them fails, each in its turn."""

    one_machine: bool = True
    rounds: dict[str, int] = field(default_factory=dict)

    async def run(self, attempt: SuiteAttempt) -> ProcessEnd:
        name, setting = attempt.suite.name, attempt.folder.parts[-3]
        self.rounds[f"{name} {setting.partition('-')[0]}"] = int(setting.partition("-")[2])
        loses = setting in {"together-1", "together-3"} if name == "a" else setting == "together-2"
        outcome = "failed" if loses else "passed"
        with HistoryWriter(attempt.events) as events:
            for event in whole([outcome]):
                events.append(event)
        return ProcessEnd(exit_code=int(loses))

    async def reap(self, run: str) -> list[str]:
        return []


def test_a_suite_whose_difference_shows_later_runs_alone_as_often(tmp_path: Path) -> None:
    """Of two suites on one port now one loses and now the other: both are told, as fairly."""
    quarrel = Quarrel()

    compared = compare(tmp_path, {"a": "", "b": ""}, quarrel, repeats=2)

    assert quarrel.rounds == {"a alone": 3, "a together": 3, "b alone": 3, "b together": 3}
    told = {d.suite: (len(d.alone), d.together.count(FAILED)) for d in compared.differences}
    assert told == {"a": (3, 2), "b": (3, 1)}


def test_pods_share_servers_and_nothing_of_one_machine(tmp_path: Path) -> None:
    """Equal ports and paths of two pods are no lead, nor is the load of the machine here."""
    touches = [Touch("port", "80"), Touch("path", "/x"), Touch("server", "127.0.0.1:80")]
    scripted = Scripted(one_machine=False, touches=[*touches, Touch("server", "10.0.0.5:8091")])

    compared = compare(tmp_path, {"a": "", "b": ""}, scripted, repeats=0)

    assert [str(each) for each in compared.shared] == ["server 10.0.0.5:8091 (used by a, b)"]
    assert compared.busy is None
    assert "did not run on this machine" in explain(compared)[-1]


def test_rounds_end_with_the_deadline_of_the_run(tmp_path: Path) -> None:
    """The last round that began before it counts; none is begun after it, and a suite that was
    not run accuses no test."""
    sources = {"a": "", "b": ""}
    scripted = Scripted()
    session = start(options(declare(tmp_path, sources), deadline=10), list(sources))
    plan = replace(session.plan, now=lambda: 3.0 * scripted.started)

    compared = asyncio.run(SuiteComparison(plan, scripted, Said()).run(session.suites, repeats=3))

    assert scripted.started == 4
    assert compared.rounds == 1
    assert [d.test for d in compared.differences if d.verdict == "cause"] == []


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


def seen(outcomes: dict[tuple[str, str], list[TestOutcome]]) -> Observed:
    """In as many rounds of each suite as its tests have outcomes at most."""
    rounds = dict[str, int]()
    for (suite, _), each in outcomes.items():
        rounds[suite] = max(rounds.get(suite, 0), len(each))
    return Observed(outcomes, rounds)


def test_a_suite_that_was_not_run_differs_in_nothing_and_one_that_died_at_once_in_all() -> None:
    """Not to be run says nothing about a test; to die before the first test does."""
    alone = seen({("a", "t"): [PASSED]})
    not_run = observe([conclude("a", SuiteRecord(), ProcessEnd(cause=Reason.NOT_RUN))])
    died = observe([conclude("a", SuiteRecord(), ProcessEnd(signal=9))])

    assert differing(alone, not_run) == []
    assert [d.together for d in differing(alone, died)] == [(TestOutcome.NEVER_STARTED,)]


def test_the_same_outcomes_in_another_proportion_differ() -> None:
    """One failure of nine alone and eight of nine together is more than chance."""
    alone, together = [FAILED] + [PASSED] * 8, [PASSED] + [FAILED] * 8

    (difference,) = differing(seen({("a", "t"): alone}), seen({("a", "t"): together}))

    assert difference.verdict == "cause"


def test_lines_that_are_not_whole_are_passed_over(tmp_path: Path) -> None:
    """As a kill leaves the last one, and a lost part of the file the ones at its edges."""
    whole = '{"kind": "port", "what": "80", "test": ""}'
    (tmp_path / "touched").write_text(f'{whole}\nnd": "po\n{whole}\n{{"kind": "po')

    assert read_touches(tmp_path / "touched") == [Touch("port", "80")] * 2


def test_a_test_that_is_missing_together_differs() -> None:
    """A test lost with its suite is no agreement."""
    alone = seen({("a", "t1"): [PASSED], ("a", "t2"): [PASSED]})

    (difference,) = differing(alone, seen({("a", "t1"): [PASSED]}))

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
    (difference,) = differing(seen({("a", "t"): alone}), seen({("a", "t"): together}))

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

"""Laws of the build and of the classification, on histories written by hand and generated."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.coordinator import events as ev
from asyncproof.coordinator.build import LOST, SuiteRecord, TestOutcome, build
from asyncproof.coordinator.exit_reason import ProcessEnd, Reason, classify, exit_code, gravest
from asyncproof.coordinator.result import conclude
from asyncproof.coordinator.run import read_record
from asyncproof.harness.exit_codes import ExitCode

HEAD = ev.SessionStarted(at=0, wall=0, pid=1, pytest="9")
PHASES = {
    "passed": [("setup", "passed"), ("call", "passed"), ("teardown", "passed")],
    "failed": [("setup", "passed"), ("call", "failed"), ("teardown", "passed")],
    "error": [("setup", "failed"), ("teardown", "passed")],
    "skipped": [("setup", "skipped"), ("teardown", "passed")],
}


def one_test(name: str, outcome: str) -> list[ev.SuiteEvent]:
    phases = [ev.Phase(at=1, test=name, when=w, outcome=o) for w, o in PHASES[outcome]]
    return [ev.Started(at=1, test=name), *phases]


def whole(outcomes: list[str]) -> list[ev.SuiteEvent]:
    names = [f"t.py::t{n}" for n in range(len(outcomes))]
    planned = [ev.Planned(at=0, test=name) for name in names]
    ran = [e for name, o in zip(names, outcomes, strict=True) for e in one_test(name, o)]
    red = {"failed", "error"} & set(outcomes)
    status = 5 if not outcomes else 1 if red else 0
    collected = ev.TestsCollected(at=0, count=len(names))
    return [HEAD, *planned, collected, *ran, ev.SessionEnded(at=2, exit_status=status)]


outcome_lists = st.lists(st.sampled_from(sorted(PHASES)), max_size=6)


@given(outcome_lists)
def test_a_whole_history_gives_back_the_outcomes(outcomes: list[str]) -> None:
    record = build(whole(outcomes))

    assert [t.outcome.value for t in record.tests] == outcomes


@given(outcome_lists, st.data())
def test_a_history_cut_off_anywhere_is_never_green(
    outcomes: list[str], data: st.DataObject
) -> None:
    """Whatever the exit code or the signal says, a missing end mark or test is not a pass."""
    events = whole(outcomes)
    cut = data.draw(st.integers(0, len(events) - 1))
    record = build(events[:cut])

    for ended in (ProcessEnd(exit_code=0), ProcessEnd(signal=9), ProcessEnd(exit_code=1)):
        ending = classify(record, ended)
        assert ending.reason is not Reason.COMPLETED
        assert exit_code(record, ending) is not ExitCode.PASS


@given(outcome_lists, st.data())
def test_every_planned_test_has_an_outcome_in_every_prefix(
    outcomes: list[str], data: st.DataObject
) -> None:
    """A longer prefix never loses a test that a shorter one planned."""
    events = whole(outcomes)
    cut = data.draw(st.integers(0, len(events)))
    shorter, record = build(events[:cut]), build(events)

    planned = {e.test for e in events[:cut] if isinstance(e, ev.Planned)}
    assert {t.test for t in shorter.tests} == planned
    finished = {t.test: t for t in shorter.tests if t.outcome not in LOST}
    final = {t.test: t for t in record.tests}
    for name, result in finished.items():
        assert final[name].outcome is result.outcome


@given(outcome_lists)
def test_events_in_place_twice_change_nothing(outcomes: list[str]) -> None:
    """A session end seen twice (a log stream read again) folds to the same record."""
    events = whole(outcomes)

    assert build([*events, events[-1]]) == build(events)


def test_a_rerun_counts_from_its_start() -> None:
    """pytest-rerunfailures reports ``rerun`` and starts over; only the last try counts."""
    name = "t.py::t0"
    first: list[ev.SuiteEvent] = [
        ev.Started(at=0, test=name),
        ev.Phase(at=0, test=name, when="setup", outcome="passed"),
        ev.Phase(at=0, test=name, when="call", outcome="rerun", text="flaky"),
    ]
    plan: list[ev.SuiteEvent] = [
        HEAD,
        ev.Planned(at=0, test=name),
        ev.TestsCollected(at=0, count=1),
    ]

    end = ev.SessionEnded(at=1)

    record = build([*plan, *first, *one_test(name, "passed")[1:], end])

    assert [t.outcome for t in record.tests] == [TestOutcome.PASSED]


PASSED = build(whole(["passed"]))
FAILED = build(whole(["failed", "passed"]))
ENDINGS = [
    (PASSED, ProcessEnd(exit_code=0), Reason.COMPLETED, 0),
    (PASSED, ProcessEnd(exit_code=0, oom_kills=1), Reason.OUT_OF_MEMORY, 3),
    (PASSED, ProcessEnd(signal=9, oom_kills=1), Reason.OUT_OF_MEMORY, 3),
    (PASSED, ProcessEnd(signal=9), Reason.CRASHED_AFTER_END, 5),
    (PASSED, ProcessEnd(exit_code=1), Reason.CRASHED_AFTER_END, 5),
    (PASSED, ProcessEnd(exit_code=0, cause=Reason.EVICTED), Reason.EVICTED, 3),
    (PASSED, ProcessEnd(exit_code=0, events_problem="torn"), Reason.RESULTS_LOST, 4),
    (FAILED, ProcessEnd(exit_code=1), Reason.TESTS_FAILED, 1),
    (FAILED, ProcessEnd(cause=Reason.DEADLINE), Reason.DEADLINE, 1),
    (FAILED, ProcessEnd(exit_code=0), Reason.CRASHED_AFTER_END, 1),
    (SuiteRecord(), ProcessEnd(exit_code=0), Reason.RESULTS_LOST, 4),
    (SuiteRecord(), ProcessEnd(exit_code=4), Reason.USAGE_ERROR, 2),
    (SuiteRecord(), ProcessEnd(signal=9), Reason.KILLED, 3),
    (SuiteRecord(), ProcessEnd(signal=11), Reason.CRASHED, 5),
    (SuiteRecord(), ProcessEnd(cause=Reason.IMAGE_PULL), Reason.IMAGE_PULL, 3),
    (SuiteRecord(), ProcessEnd(cause=Reason.NOT_RUN), Reason.NOT_RUN, 4),
    (replace(PASSED, unplanned=("t.py::t0",)), ProcessEnd(exit_code=0), Reason.RESULTS_LOST, 4),
    (replace(PASSED, tests=(), elsewhere=3), ProcessEnd(exit_code=0), Reason.COMPLETED, 0),
    (replace(PASSED, tests=()), ProcessEnd(exit_code=0), Reason.NO_TESTS, 4),
    (
        replace(PASSED, tests=(), elsewhere=3, exit_status=5),
        ProcessEnd(exit_code=5),
        Reason.NO_TESTS,
        4,
    ),
    (
        replace(PASSED, internal_errors=("E   MemoryError",), exit_status=3),
        ProcessEnd(exit_code=3),
        Reason.MEMORY_ERROR,
        4,
    ),
]


@pytest.mark.parametrize(("record", "ended", "reason", "code"), ENDINGS)
def test_class_and_exit_code_of_an_ending(
    record: SuiteRecord, ended: ProcessEnd, reason: Reason, code: int
) -> None:
    ending = classify(record, ended)

    assert ending.reason is reason
    assert int(exit_code(record, ending)) == code


@pytest.mark.parametrize("platform", [ProcessEnd(signal=9), ProcessEnd(exit_code=1)])
def test_an_ending_that_is_not_green_tells_its_evidence(platform: ProcessEnd) -> None:
    assert classify(SuiteRecord(), platform).evidence


def test_the_gravest_code_stands_for_all_suites() -> None:
    """A failed test outweighs broken infrastructure, and no suite at all is no pass."""
    codes = [ExitCode.PASS, ExitCode.SETUP_FAILED, ExitCode.FINDINGS, ExitCode.INCONCLUSIVE]

    assert gravest(codes) is ExitCode.FINDINGS
    assert gravest([ExitCode.PASS, ExitCode.INCONCLUSIVE]) is ExitCode.INCONCLUSIVE
    assert gravest([]) is ExitCode.INCONCLUSIVE


def test_an_event_file_with_a_broken_line_inside_is_a_problem_that_is_told(tmp_path: Path) -> None:
    """A torn last line is normal after a kill; a torn line in the middle is not."""
    file = tmp_path / "events.ndjson"
    head = b'{"type":"SessionStarted","wall":1,"pid":2,"pytest":"9","at":0}\n'

    file.write_bytes(head + b'{"type":"Pla')
    assert read_record(file) == (SuiteRecord(started=True), "")
    file.write_bytes(head + b'{"type":"Pla\n' + head)
    record, problem = read_record(file)
    assert record == SuiteRecord(started=True), "what stands around it is read"
    assert "events.ndjson:2" in problem
    assert (
        classify(record, ProcessEnd(exit_code=0, events_problem=problem)).reason
        is Reason.RESULTS_LOST
    )


HUNG = ProcessEnd(cause=Reason.DEADLINE, told=("still running after 60 s",))
ONE: list[ev.SuiteEvent] = [
    HEAD,
    ev.Planned(at=0, test="t.py::t0"),
    ev.TestsCollected(at=0, count=1),
]
PLACES: dict[str, tuple[list[ev.SuiteEvent], str]] = {
    "after the session": (whole(["passed"]), "its session was over (exit status 0, 1 passed)"),
    "between the last test and the end": (
        whole(["passed", "skipped"])[:-1],
        "every planned test had its outcome (1 passed, 1 skipped), and the session did not end",
    ),
    "in a teardown": (
        [*ONE, *one_test("t.py::t0", "passed")[:-1]],
        "running: t.py::t0 (in its teardown)",
    ),
    "in a test": ([*ONE, *one_test("t.py::t0", "passed")[:2]], "running: t.py::t0"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("cause", [Reason.DEADLINE, Reason.INTERRUPTED])
def test_a_suite_that_is_ended_from_outside_says_how_far_it_was(place: str, cause: Reason) -> None:
    """A hang after the last test is another one than a hang in a test."""
    events, told = PLACES[place]

    ending = classify(build(events), replace(HUNG, cause=cause))

    assert ending.reason is cause
    assert any(line.startswith(told) for line in ending.evidence), ending.evidence
    others = {told for name, (_, told) in PLACES.items() if name != place and "running" not in told}
    assert not any(line.startswith(tuple(others)) for line in ending.evidence)


def test_what_a_suite_printed_explains_an_ending_that_no_event_explains() -> None:
    lines = ("ImportError while loading conftest", "conftest.py:1: in <module>", "E   No module x")

    ending = conclude("unit", SuiteRecord(), ProcessEnd(exit_code=4), last_lines=lines).ending

    assert ending.reason is Reason.USAGE_ERROR
    assert ending.evidence[-1] == "it printed: E   No module x"
    assert conclude("unit", PASSED, ProcessEnd(exit_code=0), last_lines=lines).ending.evidence == ()

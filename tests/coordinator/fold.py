"""From the events of a suite to one outcome for each planned test. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.coordinator import events as ev


class TestOutcome(StrEnum):
    """How one planned test ended. Every planned test has exactly one of these."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    RUNNING = "running when the suite died"
    NEVER_STARTED = "never started"


BROKEN = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})
LOST = frozenset({TestOutcome.RUNNING, TestOutcome.NEVER_STARTED})
RAN = frozenset({TestOutcome.PASSED, TestOutcome.XFAILED, TestOutcome.XPASSED})


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test; ``took`` is in seconds over its phases, ``text`` says why where it is not green."""

    __test__ = False

    test: str
    outcome: TestOutcome
    took: float = 0.0
    text: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """All that the events of one suite say. ``ended`` tells whether the end mark is there;
    ``elsewhere`` counts the tests of the other parts, where this is one part of a suite."""

    tests: tuple[TestResult, ...] = ()
    started: bool = False
    collected: bool = False
    ended: bool = False
    exit_status: int | None = None
    collection_errors: tuple[tuple[str, str], ...] = ()
    skipped_files: tuple[tuple[str, str], ...] = ()
    internal_errors: tuple[str, ...] = ()
    interrupted: str = ""
    unplanned: tuple[str, ...] = ()
    elsewhere: int = 0

    def count(self, *outcomes: TestOutcome) -> int:
        return sum(test.outcome in outcomes for test in self.tests)

    def named(self, *outcomes: TestOutcome) -> list[str]:
        return [test.test for test in self.tests if test.outcome in outcomes]


@dataclass(slots=True)
class _Test:
    planned: bool = False
    started: bool = False
    phases: list[ev.Phase] = field(default_factory=list)


def fold(events: Iterable[ev.SuiteEvent]) -> Record:
    """Fold the events, in their order, to a record. Any prefix of a history can be folded."""
    tests: dict[str, _Test] = {}
    rest: list[ev.SuiteEvent] = []
    for event in events:
        match event:
            case ev.Planned():
                tests.setdefault(event.test, _Test()).planned = True
            case ev.Started():
                tests[event.test] = _Test(_is_planned(tests, event.test), started=True)
            case ev.Phase(outcome="rerun"):  # pytest-rerunfailures: what came before is void
                tests[event.test] = _Test(_is_planned(tests, event.test), started=True)
            case ev.Phase():
                tests.setdefault(event.test, _Test(started=True)).phases.append(event)
            case _:
                rest.append(event)
    return _record(tests, rest)


def _is_planned(tests: dict[str, _Test], test: str) -> bool:
    return test in tests and tests[test].planned


def _record(tests: dict[str, _Test], rest: list[ev.SuiteEvent]) -> Record:
    end = next((e for e in reversed(rest) if isinstance(e, ev.SessionEnded)), None)
    interrupts = [e.text for e in rest if isinstance(e, ev.Interrupted)]
    return Record(
        tests=tuple(_result(name, test) for name, test in tests.items()),
        started=any(isinstance(e, ev.SessionStarted) for e in rest),
        collected=any(isinstance(e, ev.Collected) for e in rest),
        ended=end is not None,
        exit_status=end.exit_status if end else None,
        collection_errors=_nodes(rest, ev.CollectionFailed),
        skipped_files=_nodes(rest, ev.CollectionSkipped),
        internal_errors=tuple(e.text for e in rest if isinstance(e, ev.InternalError)),
        interrupted=interrupts[-1] if interrupts else "",
        unplanned=tuple(name for name, test in tests.items() if not test.planned),
        elsewhere=max((e.elsewhere for e in rest if isinstance(e, ev.Collected)), default=0),
    )


def _nodes(
    events: list[ev.SuiteEvent], kind: type[ev.CollectionFailed] | type[ev.CollectionSkipped]
) -> tuple[tuple[str, str], ...]:
    """Each node once, though every worker of xdist reports it."""
    return tuple({event.node: event.text for event in events if isinstance(event, kind)}.items())


def _result(name: str, test: _Test) -> TestResult:
    if not test.started:
        return TestResult(name, TestOutcome.NEVER_STARTED)
    outcome = _outcome(test.phases)
    telling = [p for p in test.phases if p.outcome != "passed" or p.xfail]
    text = "\n\n".join(p.text for p in telling if p.text)
    if outcome is TestOutcome.ERROR and not telling:
        text = "setup and teardown ran, but the test itself did not"
    output = "\n".join(p.output for p in telling if p.output)
    return TestResult(name, outcome, sum(p.took for p in test.phases), text, output)


def _outcome(phases: list[ev.Phase]) -> TestOutcome:
    """A failure of the body counts before an error around it, and both before anything else.

    A test is over when its teardown is; ``???`` is xdist's word for a worker that died under it.
    """
    body = [p for p in phases if p.when in {"call", "???"}]
    if any(p.outcome == "failed" for p in body):
        return TestOutcome.FAILED
    if any(p.outcome == "failed" for p in phases):
        return TestOutcome.ERROR
    if not any(p.when == "teardown" for p in phases):
        return TestOutcome.RUNNING
    # Subtests report under the phase of their parent, whose own report is the last one.
    decisive = [p for p in phases if p.when == "call" or p.outcome == "skipped"]
    return _quiet_outcome(decisive[-1]) if decisive else TestOutcome.ERROR


def _quiet_outcome(phase: ev.Phase) -> TestOutcome:
    skipped = phase.outcome == "skipped"
    if phase.xfail:
        return TestOutcome.XFAILED if skipped else TestOutcome.XPASSED
    return TestOutcome.SKIPPED if skipped else TestOutcome.PASSED

"""From the events of a suite to one outcome for each planned test. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.coordinator import events as ev
from asyncproof.harness.by_subject import EventGroup, by_subject


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
IN_TEARDOWN = "its set-up and its body had ended; its teardown had not"
RAN = frozenset({TestOutcome.PASSED, TestOutcome.XFAILED, TestOutcome.XPASSED})


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test; ``took`` is in seconds over its phases, ``text`` says why it is not green."""

    __test__ = False

    test: str
    outcome: TestOutcome
    took: float = 0.0
    text: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class SuiteRecord:
    """All that the events of one suite say. ``ended`` tells whether the end mark is there;
    ``elsewhere`` counts the tests of the other parts, if this is one part of a suite."""

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
    deselected: int = 0

    def count(self, *outcomes: TestOutcome) -> int:
        return sum(test.outcome in outcomes for test in self.tests)

    def named(self, *outcomes: TestOutcome) -> list[str]:
        return [test.test for test in self.tests if test.outcome in outcomes]


def build(events: Iterable[ev.SuiteEvent]) -> SuiteRecord:
    """Build a record from the events in order. Any prefix of a history works."""
    suite, tests = by_subject(events, _test)
    ends, collected = suite.all(ev.SessionEnded), suite.all(ev.TestsCollected)
    interrupts = suite.all(ev.Interrupted)
    return SuiteRecord(
        tests=tuple(_result(name, test) for name, test in tests.items()),
        started=bool(suite.all(ev.SessionStarted)),
        collected=bool(collected),
        ended=bool(ends),
        exit_status=ends[-1].exit_status if ends else None,
        collection_errors=_nodes(suite.all(ev.CollectionFailed)),
        skipped_files=_nodes(suite.all(ev.CollectionSkipped)),
        internal_errors=tuple(error.text for error in suite.all(ev.InternalError)),
        interrupted=interrupts[-1].text if interrupts else "",
        unplanned=tuple(name for name, test in tests.items() if not test.last(ev.Planned)),
        elsewhere=max((one.elsewhere for one in collected), default=0),
        deselected=max((one.deselected for one in collected), default=0),
    )


def _test(event: ev.SuiteEvent) -> str:
    return str(getattr(event, "test", ""))


def _nodes(
    events: Sequence[ev.CollectionFailed | ev.CollectionSkipped],
) -> tuple[tuple[str, str], ...]:
    """Each node once, though every worker of xdist reports it."""
    return tuple({event.node: event.text for event in events}.items())


def _result(name: str, test: EventGroup[ev.SuiteEvent]) -> TestResult:
    phases = _last_attempt(test)
    if phases is None:
        return TestResult(name, TestOutcome.NEVER_STARTED)
    outcome = _outcome(phases)
    telling = [p for p in phases if p.outcome != "passed" or p.xfail]
    text = "\n\n".join(p.text for p in telling if p.text)
    if outcome is TestOutcome.ERROR and not telling:
        text = "setup and teardown ran, but the test itself did not"
    if outcome is TestOutcome.RUNNING and not text and any(p.when == "call" for p in phases):
        text = IN_TEARDOWN
    output = "\n".join(p.output for p in telling if p.output)
    return TestResult(name, outcome, sum(p.took for p in phases), text, output)


def _last_attempt(test: EventGroup[ev.SuiteEvent]) -> list[ev.Phase] | None:
    """The phases of a test since it last started; None where it never did."""
    phases: list[ev.Phase] | None = None
    for event in test.events:
        match event:
            # a rerun (pytest-rerunfailures) has no Started of its own; earlier phases do not count
            case ev.Started() | ev.Phase(outcome="rerun"):
                phases = []
            case ev.Phase():
                phases = [*(phases or ()), event]
    return phases


def _outcome(phases: list[ev.Phase]) -> TestOutcome:
    """A failure of the body counts before an error around it, and both before anything else.

    A test is over when its teardown is; xdist reports ``???`` for a worker that died during it.
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

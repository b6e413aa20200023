"""Why a suite ended: a class with its evidence, from the record and what the backend saw. Pure."""

import re
import signal as signals
from dataclasses import dataclass
from enum import StrEnum

from tests.coordinator.fold import BROKEN, LOST, RAN, Record, TestOutcome
from tests.harness.exit_codes import ExitCode


class Reason(StrEnum):
    """The class of an ending."""

    COMPLETED = "completed"
    TESTS_FAILED = "tests failed"
    MEMORY_ERROR = "tests failed for want of memory"
    COLLECTION_ERROR = "collection error"
    NO_TESTS = "no tests"
    NOTHING_TESTED = "every test was skipped"
    USAGE_ERROR = "usage error"
    INTERNAL_ERROR = "internal error of pytest or a plugin"
    INTERRUPTED = "interrupted"
    EXITED_EARLY = "exited before its end"
    CRASHED_AFTER_END = "crashed after its end"
    UNEXPLAINED_EXIT = "exit code that no test explains"
    RESULTS_LOST = "results lost"
    KILLED = "killed by signal"
    CRASHED = "crashed by signal"
    OUT_OF_MEMORY = "out of memory"
    DEADLINE = "deadline"
    EVICTED = "evicted"
    PREEMPTED = "preempted"
    NODE_LOST = "node or pod lost"
    UNSCHEDULABLE = "could not be scheduled"
    IMAGE_PULL = "image could not be pulled"
    SUBMISSION_FAILED = "submission failed"
    COORDINATOR_DIED = "coordinator died"
    COORDINATOR_FAULT = "fault of the coordinator"
    NOT_RUN = "not run"


INFRASTRUCTURE = frozenset(
    {
        Reason.KILLED,
        Reason.OUT_OF_MEMORY,
        Reason.EVICTED,
        Reason.PREEMPTED,
        Reason.NODE_LOST,
        Reason.UNSCHEDULABLE,
        Reason.IMAGE_PULL,
        Reason.SUBMISSION_FAILED,
        Reason.COORDINATOR_DIED,
    }
)
"""Classes that say nothing about the code under test: only these are worth another attempt."""

_SUITE_FAULTS = frozenset(
    {
        Reason.COLLECTION_ERROR,
        Reason.INTERNAL_ERROR,
        Reason.CRASHED,
        Reason.CRASHED_AFTER_END,
        Reason.EXITED_EARLY,
        Reason.COORDINATOR_FAULT,
    }
)
_FROM_OUTSIDE = frozenset({signals.SIGKILL, signals.SIGTERM, signals.SIGINT, signals.SIGHUP})
_MEMORY_ERROR = re.compile(r"^(?:E\s+)?MemoryError\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Log:
    """Where the terminal output of a suite lies; ``gaps`` says where it is not complete."""

    path: str = ""
    gaps: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.gaps


@dataclass(frozen=True, slots=True)
class Ended:
    """What a backend saw of the end of a suite's process, container or Job.

    ``cause`` is set where the backend knows why (deadline, eviction, ...) and ``told`` is then its
    evidence in words. ``oom_kills`` counts what the kernel killed in the suite's memory group.
    ``events_problem`` says why the event file cannot be read to its end. Times are in seconds.
    """

    exit_code: int | None = None
    signal: int | None = None
    oom_kills: int = 0
    cause: Reason | None = None
    told: tuple[str, ...] = ()
    events_problem: str = ""
    log: Log = Log()
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    reason: Reason
    evidence: tuple[str, ...] = ()


def classify(record: Record, ended: Ended) -> Ending:
    """The class of the ending: first by what the platform did, then by what pytest says."""
    rules = (_by_platform, _by_signal, _by_missing_events, _by_session, _by_exit, _by_tests)
    for rule in rules:
        ending = rule(record, ended)
        if ending is not None:
            running = (f"running: {test}" for test in record.named(TestOutcome.RUNNING))
            return Ending(ending.reason, (*ending.evidence, *ended.told, *running))
    return Ending(Reason.COMPLETED, ended.told)


def _by_platform(_: Record, ended: Ended) -> Ending | None:
    how = _how(ended)
    if ended.cause is not None:
        return Ending(ended.cause, (how,) if how else ())
    if ended.oom_kills:
        counter = f"the kernel's oom counter of this suite rose by {ended.oom_kills}"
        return Ending(Reason.OUT_OF_MEMORY, (counter, how))
    return None


def _by_signal(record: Record, ended: Ended) -> Ending | None:
    if ended.signal is None:
        return None
    if record.ended:
        return Ending(Reason.CRASHED_AFTER_END, (f"{_how(ended)} after its end mark",))
    outside = ended.signal in _FROM_OUTSIDE
    return Ending(Reason.KILLED if outside else Reason.CRASHED, (_how(ended),))


def _by_missing_events(record: Record, ended: Ended) -> Ending | None:
    if not record.started and ended.exit_code == 4:
        return Ending(Reason.USAGE_ERROR, (_how(ended),))
    if ended.events_problem:
        return Ending(Reason.RESULTS_LOST, (ended.events_problem, _how(ended)))
    if not record.started:
        return Ending(Reason.RESULTS_LOST, ("the suite wrote no event", _how(ended)))
    return None


def _by_session(record: Record, ended: Ended) -> Ending | None:
    if record.internal_errors:
        text = record.internal_errors[0]
        soft = _MEMORY_ERROR.search(text)
        reason = Reason.MEMORY_ERROR if soft else Reason.INTERNAL_ERROR
        return Ending(reason, (_last_line(text), _how(ended)))
    if record.collection_errors:
        told = tuple(f"{node}: {_last_line(text)}" for node, text in record.collection_errors)
        return Ending(Reason.COLLECTION_ERROR, told)
    if record.interrupted:
        return Ending(Reason.INTERRUPTED, (_last_line(record.interrupted), _how(ended)))
    return None


def _by_exit(record: Record, ended: Ended) -> Ending | None:
    if not record.ended:
        return Ending(Reason.EXITED_EARLY, (f"{_how(ended)} without an end mark",))
    if record.exit_status == 4:
        return Ending(Reason.USAGE_ERROR, (_how(ended),))
    if ended.exit_code != record.exit_status:
        said = f"pytest said exit status {record.exit_status}, the process ended with {_how(ended)}"
        return Ending(Reason.CRASHED_AFTER_END, (said,))
    return None


def _by_tests(record: Record, ended: Ended) -> Ending | None:
    if not record.tests:
        return _without_tests(record, ended)
    if record.count(*BROKEN):
        return _broken(record)
    missing = record.named(*LOST)
    if missing or record.unplanned or not record.collected:
        told = f"{len(missing)} of {len(record.tests)} tests have no outcome"
        return Ending(Reason.RESULTS_LOST, (told, *record.unplanned, _how(ended)))
    if not record.count(*RAN):
        return Ending(Reason.NOTHING_TESTED, (f"{len(record.tests)} skipped", _how(ended)))
    if ended.exit_code != 0:
        return Ending(Reason.UNEXPLAINED_EXIT, (_how(ended),))
    return None


def _without_tests(record: Record, ended: Ended) -> Ending:
    if record.elsewhere and ended.exit_code == 0:
        told = f"all {record.elsewhere} tests of the suite are in its other parts"
        return Ending(Reason.COMPLETED, (told,))
    return Ending(Reason.NO_TESTS, (_how(ended),))


def _broken(record: Record) -> Ending:
    broken = [test for test in record.tests if test.outcome in BROKEN]
    starved = [test for test in broken if _MEMORY_ERROR.search(test.text)]
    told = f"{len(broken)} of {len(record.tests)} tests failed or had an error"
    if starved:
        return Ending(Reason.MEMORY_ERROR, (f"MemoryError in {starved[0].test}", told))
    return Ending(Reason.TESTS_FAILED, (told,))


def _how(ended: Ended) -> str:
    if ended.signal is not None:
        return f"killed by signal {ended.signal} ({signals.Signals(ended.signal).name})"
    return "" if ended.exit_code is None else f"exit code {ended.exit_code}"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def exit_code(record: Record, ending: Ending) -> ExitCode:
    """Tests that are known to have failed count first, whatever became of the suite after them."""
    if record.count(*BROKEN):
        return ExitCode.FINDINGS
    if ending.reason is Reason.COMPLETED:
        return ExitCode.PASS
    if ending.reason in _SUITE_FAULTS:
        return ExitCode.SUITE_FAULT
    if ending.reason is Reason.USAGE_ERROR:
        return ExitCode.USAGE
    return ExitCode.SETUP_FAILED if ending.reason in INFRASTRUCTURE else ExitCode.INCONCLUSIVE


_GRAVEST_FIRST = (
    ExitCode.FINDINGS,
    ExitCode.SUITE_FAULT,
    ExitCode.USAGE,
    ExitCode.SETUP_FAILED,
    ExitCode.INCONCLUSIVE,
)


def gravest(codes: list[ExitCode]) -> ExitCode:
    """One exit code for several suites. No suite at all is inconclusive."""
    if not codes:
        return ExitCode.INCONCLUSIVE
    return next((code for code in _GRAVEST_FIRST if code in codes), ExitCode.PASS)

"""Why a suite ended: a reason with its evidence, from the record and the backend. Pure."""

import re
import signal as signals
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from asyncproof.coordinator.build import (
    BROKEN,
    IN_TEARDOWN,
    LOST,
    RAN,
    SuiteRecord,
    TestOutcome,
    TestResult,
)
from asyncproof.harness.exit_codes import ExitCode


class Reason(StrEnum):
    """Why a suite ended."""

    COMPLETED = "completed"
    TESTS_FAILED = "tests failed"
    MEMORY_ERROR = "tests failed for lack of memory"
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
"""Reasons that say nothing about the code under test: only these are retried."""

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
    """The path of a suite's terminal output; ``gaps`` says where it is incomplete."""

    path: str = ""
    gaps: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.gaps


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """What a backend saw of the end of a suite's process, container or Job.

    ``cause`` is set if the backend knows why (deadline, eviction, ...); ``told`` is then its
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
class ExitReason:
    reason: Reason
    evidence: tuple[str, ...] = ()


def classify(record: SuiteRecord, ended: ProcessEnd) -> ExitReason:
    """Why the suite ended: first by what the platform did, then by what pytest reports."""
    rules = (_by_platform, _by_signal, _by_missing_events, _by_session, _by_exit, _by_tests)
    for rule in rules:
        ending = rule(record, ended)
        if ending is not None:
            running = (
                f"running: {test.test}{_place(test)}"
                for test in record.tests
                if test.outcome is TestOutcome.RUNNING
            )
            return ExitReason(ending.reason, (*ending.evidence, *ended.told, *running))
    return ExitReason(Reason.COMPLETED, ended.told)


def _place(test: TestResult) -> str:
    return " (in its teardown)" if test.text == IN_TEARDOWN else ""


def _by_platform(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    how = _how(ended)
    if ended.cause is not None:
        return ExitReason(
            ended.cause, tuple(told for told in (_after_the_tests(record), how) if told)
        )
    if ended.oom_kills:
        counter = f"the kernel's oom counter of this suite rose by {ended.oom_kills}"
        return ExitReason(Reason.OUT_OF_MEMORY, (counter, how))
    return None


def _after_the_tests(record: SuiteRecord) -> str:
    """What had finished when the suite was ended; empty if tests were still to run."""
    if record.ended:
        return (
            f"its session was over (exit status {record.exit_status}, {_tally(record)}), and its "
            "process did not exit: look for threads, child processes and exit handlers"
        )
    if record.collected and record.tests and not record.count(*LOST):
        return (
            f"every planned test had its outcome ({_tally(record)}), and the session did not end: "
            "look for a session fixture or a plugin that hangs at the end"
        )
    return ""


def _tally(record: SuiteRecord) -> str:
    return ", ".join(f"{n} {o.value}" for o in TestOutcome if (n := record.count(o))) or "no tests"


def _by_signal(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    if ended.signal is None:
        return None
    if record.ended:
        return ExitReason(Reason.CRASHED_AFTER_END, (f"{_how(ended)} after its end mark",))
    outside = ended.signal in _FROM_OUTSIDE
    return ExitReason(Reason.KILLED if outside else Reason.CRASHED, (_how(ended),))


def _by_missing_events(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    if not record.started and ended.exit_code == 4:
        return ExitReason(Reason.USAGE_ERROR, (_how(ended),))
    if ended.events_problem:
        return ExitReason(Reason.RESULTS_LOST, (ended.events_problem, _how(ended)))
    if not record.started:
        return ExitReason(Reason.RESULTS_LOST, ("the suite wrote no event", _how(ended)))
    return None


def _by_session(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    if record.internal_errors:
        text = record.internal_errors[0]
        soft = _MEMORY_ERROR.search(text)
        reason = Reason.MEMORY_ERROR if soft else Reason.INTERNAL_ERROR
        return ExitReason(reason, (_last_line(text), _how(ended)))
    if record.collection_errors:
        told = tuple(f"{node}: {_last_line(text)}" for node, text in record.collection_errors)
        return ExitReason(Reason.COLLECTION_ERROR, told)
    if record.interrupted:
        return ExitReason(Reason.INTERRUPTED, (_last_line(record.interrupted), _how(ended)))
    return None


def _by_exit(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    if not record.ended:
        return ExitReason(Reason.EXITED_EARLY, (f"{_how(ended)} without an end mark",))
    if record.exit_status == 4:
        return ExitReason(Reason.USAGE_ERROR, (_how(ended),))
    if ended.exit_code != record.exit_status:
        said = f"pytest said exit status {record.exit_status}, the process ended with {_how(ended)}"
        return ExitReason(Reason.CRASHED_AFTER_END, (said,))
    return None


def _by_tests(record: SuiteRecord, ended: ProcessEnd) -> ExitReason | None:
    if not record.tests:
        return _without_tests(record, ended)
    if record.count(*BROKEN):
        return _broken(record)
    missing = record.named(*LOST)
    if missing or record.unplanned or not record.collected:
        told = f"{len(missing)} of {len(record.tests)} tests have no outcome"
        return ExitReason(Reason.RESULTS_LOST, (told, *record.unplanned, _how(ended)))
    if not record.count(*RAN):
        reasons = _skips(test.text for test in record.tests)
        return ExitReason(Reason.NOTHING_TESTED, (*reasons, *_left_out(record), _how(ended)))
    if ended.exit_code != 0:
        return ExitReason(Reason.UNEXPLAINED_EXIT, (_how(ended),))
    return None


def _without_tests(record: SuiteRecord, ended: ProcessEnd) -> ExitReason:
    if record.elsewhere and ended.exit_code == 0:
        told = f"all {record.elsewhere} tests of the suite are in its other parts"
        return ExitReason(Reason.COMPLETED, (told,))
    if record.skipped_files:
        return ExitReason(Reason.NOTHING_TESTED, (*_left_out(record), _how(ended)))
    chosen = (f"{record.deselected} tests were deselected (-k, -m, --deselect)",)
    return ExitReason(Reason.NO_TESTS, (*chosen * bool(record.deselected), _how(ended)))


def _skips(reasons: Iterable[str]) -> tuple[str, ...]:
    """How many tests were skipped for each reason, the most frequent reason first."""
    counted = Counter(map(_reason, reasons)).most_common()
    return tuple(f"{count} skipped: {reason}" for reason, count in counted)


def _left_out(record: SuiteRecord) -> tuple[str, ...]:
    return tuple(f"{node}: skipped: {_reason(text)}" for node, text in record.skipped_files)


def _reason(text: str) -> str:
    return _last_line(text).removeprefix("Skipped: ") or "no reason given"


def _broken(record: SuiteRecord) -> ExitReason:
    broken = [test for test in record.tests if test.outcome in BROKEN]
    starved = [test for test in broken if _MEMORY_ERROR.search(test.text)]
    told = f"{len(broken)} of {len(record.tests)} tests failed or had an error"
    if starved:
        return ExitReason(Reason.MEMORY_ERROR, (f"MemoryError in {starved[0].test}", told))
    return ExitReason(Reason.TESTS_FAILED, (told,))


def _how(ended: ProcessEnd) -> str:
    if ended.signal is not None:
        return f"killed by signal {ended.signal} ({signals.Signals(ended.signal).name})"
    return "" if ended.exit_code is None else f"exit code {ended.exit_code}"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def exit_code(record: SuiteRecord, ending: ExitReason) -> ExitCode:
    """Failed tests count first, whatever happened to the suite afterwards."""
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

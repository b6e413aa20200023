"""The result of one suite in one run: record, exit reason and files."""

import re
from dataclasses import dataclass, replace

from asyncproof.coordinator.build import SuiteRecord
from asyncproof.coordinator.exit_reason import ExitReason, ProcessEnd, Reason, classify, exit_code
from asyncproof.harness.exit_codes import ExitCode

SAID = 3
"""Lines of a log that say what went wrong before pytest could report it."""
_UNEXPLAINED = frozenset({Reason.USAGE_ERROR, Reason.NO_TESTS, Reason.RESULTS_LOST})
_ERROR = re.compile(r"(E\s|ERROR\b|[\w.]*(Error|Exception)\b)")


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The last attempt at a suite; ``before`` has the exit reasons of earlier attempts."""

    suite: str
    record: SuiteRecord
    ended: ProcessEnd
    ending: ExitReason
    before: tuple[ExitReason, ...] = ()
    last_lines: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        return exit_code(self.record, self.ending)

    @property
    def green(self) -> bool:
        return self.ending.reason is Reason.COMPLETED and self.exit_code is ExitCode.PASS


def conclude(
    suite: str,
    record: SuiteRecord,
    ended: ProcessEnd,
    before: tuple[ExitReason, ...] = (),
    last_lines: tuple[str, ...] = (),
) -> SuiteResult:
    ending = classify(record, ended)
    if ending.reason in _UNEXPLAINED:
        said = tuple(f"it printed: {line.strip()}" for line in last_lines if _ERROR.match(line))
        ending = replace(ending, evidence=(*ending.evidence, *said[-SAID:]))
    return SuiteResult(suite, record, ended, ending, before, last_lines)

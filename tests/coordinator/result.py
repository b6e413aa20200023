"""What became of one suite in one run: record, ending and where its files lie."""

from dataclasses import dataclass

from tests.coordinator.ending import Ended, Ending, Reason, classify, exit_code
from tests.coordinator.fold import Record
from tests.harness.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The last attempt at a suite; ``before`` holds the endings of the attempts before it."""

    suite: str
    record: Record
    ended: Ended
    ending: Ending
    before: tuple[Ending, ...] = ()
    last_lines: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        return exit_code(self.record, self.ending)

    @property
    def green(self) -> bool:
        return self.ending.reason is Reason.COMPLETED and self.exit_code is ExitCode.PASS


def conclude(
    suite: str,
    record: Record,
    ended: Ended,
    before: tuple[Ending, ...] = (),
    last_lines: tuple[str, ...] = (),
) -> SuiteResult:
    return SuiteResult(suite, record, ended, classify(record, ended), before, last_lines)

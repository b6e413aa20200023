"""Exit codes that every command of this project uses."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a process; the same numbers for every command."""

    PASS = 0
    FINDINGS = 1
    USAGE = 2
    SETUP_FAILED = 3
    INCONCLUSIVE = 4
    SUITE_FAULT = 5

"""How a process ended, in words."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a process ended. ``code`` is negative for a signal, None if it is not known.

    ``forced``: it did not end when asked and was killed; ``left_behind`` names processes that it
    left alive; ``seconds`` is the time from the start to the end.
    """

    code: int | None
    forced: bool = False
    left_behind: tuple[str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.code is None:
            return "unknown exit code"
        return f"exit code {self.code}" if self.code >= 0 else _signal_name(-self.code)


def _signal_name(number: int) -> str:
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"

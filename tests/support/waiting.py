"""The one wait of the tests around here: for something another process does."""

import time
from collections.abc import Callable

TIMEOUT = 120.0
"""Seconds for anything that is waited for; generous, because the machine may be busy."""


def until(what: str, holds: Callable[[], bool]) -> None:
    """Look often until it holds; when time is up, say what was waited for."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline, f"waited {TIMEOUT:g} s in vain for: {what}"
        time.sleep(0.05)

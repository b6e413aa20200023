"""Ctrl-C and SIGTERM end a run early, once, and at a moment that can take it.

Either becomes one ``KeyboardInterrupt`` while tests are collected, and while one is set up, called
or torn down. At other times it is only noted, and interrupts what comes next: what is being opened
is opened, reports that are being written are finished, and no plugin is left half done while it is
told of a test, which pytest would tell as an error of its own.
"""

import atexit
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

import pytest

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class EarlyEnd:
    """A pytest plugin. ``received`` names the first signal that came; empty where none did."""

    def __init__(self) -> None:
        self.received = ""
        self._may_interrupt = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def install(self) -> None:
        """Take the signals of this process, once. Does nothing on another thread, which gets none;
        a signal that the parent ignores (Ctrl-C of a background job) stays ignored."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._noted)
        atexit.register(_ignore, tuple(self._before))

    def allow(self) -> None:
        """From here on a signal interrupts.

        Raises:
            KeyboardInterrupt: one has come already.
        """
        self._may_interrupt = not self.received
        if self.received:
            raise KeyboardInterrupt

    def hold(self) -> None:
        """From here on a signal is only noted."""
        self._may_interrupt = False

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Work that a signal may end, also one that came before it (raises as ``allow`` does)."""
        self.allow()
        try:
            yield
        finally:
            self.hold()

    def _noted(self, number: int, _: FrameType | None) -> None:
        is_first = not self.received
        self.received = self.received or signal.Signals(number).name
        if is_first and self._may_interrupt:
            self._may_interrupt = False
            raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """With pytest-xdist this process runs no test, and only waits for those that do."""
        if not session.config.pluginmanager.hasplugin("dsession"):
            return (yield)
        with self.interruptible():
            return (yield)

    # Innermost, so that no other wrapper is on its way when a signal interrupts.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        with self.interruptible():
            return (yield)

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        with self.interruptible():
            return (yield)

    def pytest_unconfigure(self) -> None:
        """Give the signals back, for programs that run pytest and go on."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        self.received = ""


@cache
def early_end() -> EarlyEnd:
    """That of this process, since signals are a process's."""
    return EarlyEnd()


def _ignore(numbers: tuple[signal.Signals, ...]) -> None:
    """While the interpreter ends there is nothing left to end early."""
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)

"""Faults of starting, living and ending."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import click
from aiohttp import web

from reference.worker.seams import Around, Fault, Handle


class ExitsEarly(Fault):
    """A setting turns out to be wrong, late."""

    name = "exits-early"
    does = "ends with exit code 3 before it serves"
    clause = "WRK-1"

    def begin(self) -> None:
        click.echo(f"worker: the fault {self.name} is switched on", err=True)
        sys.exit(3)


class CrashesEarly(Fault):
    """A driver that does not fit."""

    name = "crashes-early"
    does = "is killed by a signal before it serves"
    clause = "WRK-1"

    def begin(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)


class DiesAtWork(Fault):
    """The engine runs out of memory."""

    name = "dies-at-work"
    does = "ends with exit code 4 during its third inference"
    clause = "WRK-3"

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        if around.work.begun >= 2:
            os._exit(4)
        return await handle()


class IgnoresSigterm(Fault):
    """A signal handler that was overwritten."""

    name = "ignores-sigterm"
    does = "does not stop when asked to"
    clause = "WRK-4"

    def on_sigterm(self, stop: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class LeavesHelper(Fault):
    """A helper that nobody ends."""

    name = "leaves-helper"
    does = "leaves a process behind, in a session of its own"
    clause = "WRK-5"

    def leave(self) -> None:
        subprocess.Popen(["sleep", "600"], start_new_session=True)


class StopsWithError(Fault):
    """An interrupted loop is mistaken for a failed one."""

    name = "stops-with-error"
    does = "ends with exit code 1 when asked to stop"
    clause = "WRK-6"

    def exit_code(self, code: int) -> int:
        return 1

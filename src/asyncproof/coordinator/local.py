"""The backend that runs suites as processes of this machine."""

import asyncio
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import psutil

from asyncproof.coordinator.attempt import PLUGINS, RUN_MARK, SuiteAttempt, arguments, environment
from asyncproof.coordinator.exit_reason import Log, ProcessEnd, Reason
from asyncproof.coordinator.memory_group import MemoryGroup
from asyncproof.harness.exit_status import ExitStatus
from asyncproof.harness.processes import StartError, Supervised

GRACE = 5.0
"""Seconds between asking a suite to end and killing it."""

# The suite writes directly to its log file: no pipe can fill up or stay open, and the log survives
# a kill of the coordinator.
_SCRIPT = """
exec >>"$1" 2>&1
if [ -n "$2" ]; then echo 0 >"$2" || echo "coordinator: no limit on memory: cannot join $2"; fi
PYTHONPATH="$3${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONPATH
ulimit -c 0
shift 3
exec "$@"
"""


class LocalBackend:
    """Runs each suite below a supervisor that leaves no process behind, in a memory group if
    allowed."""

    one_machine = True

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python

    async def run(self, attempt: SuiteAttempt) -> ProcessEnd:
        """Run the suite to its end or its deadline. When cancelled, ends it."""
        python = shutil.which(self._python)
        if python is None:
            told = f"there is no program {self._python!r}"
            return ProcessEnd(cause=Reason.SUBMISSION_FAILED, told=(told,))
        name = f"{_group_name(attempt.run)}{attempt.suite.name}-{attempt.number}"
        with ExitStack() as stack:
            group = MemoryGroup.create(name, attempt.suite.memory_bytes)
            if group:
                stack.callback(group.remove)
            return await self._run(attempt, python, group)

    async def _run(
        self, attempt: SuiteAttempt, python: str, group: MemoryGroup | None
    ) -> ProcessEnd:
        try:
            process = await asyncio.to_thread(_start, attempt, python, group)
        except StartError as error:
            return ProcessEnd(cause=Reason.SUBMISSION_FAILED, told=(str(error),))
        try:
            code = await asyncio.to_thread(process.wait, attempt.deadline)
            if code is None:  # on SIGABRT, pytest's faulthandler writes the stack of every thread
                process.send_signal(signal.SIGABRT)
                await asyncio.to_thread(process.wait, GRACE)
        finally:
            status = await asyncio.shield(asyncio.to_thread(process.stop, GRACE))
        return _ended(attempt, status, code, group.kills() if group else 0)

    async def reap(self, run: str) -> list[str]:
        """End and name what a dead coordinator's run left on this machine."""
        named = await asyncio.to_thread(_reap, run)
        for group in MemoryGroup.left(_group_name(run)):
            await asyncio.to_thread(group.remove)
        return named


def _group_name(run: str) -> str:
    return f"coordinator-{run}-"


def _start(attempt: SuiteAttempt, python: str, group: MemoryGroup | None) -> Supervised:
    own = [str(attempt.log), str(group.procs) if group else "", str(PLUGINS)]
    command = [python, *arguments(attempt.suite, str(attempt.folder), touched=attempt.touched)]
    return Supervised(
        ["sh", "-c", _SCRIPT, "sh", *own, *command],
        name=attempt.suite.name,
        env=environment(attempt, str(attempt.folder)),
        cwd=attempt.root,
    )


def _ended(
    attempt: SuiteAttempt, status: ExitStatus, code: int | None, oom_kills: int
) -> ProcessEnd:
    told: tuple[str, ...] = ()
    if code is None:
        told = (f"still running after {attempt.deadline:g} s",)
    left = tuple(
        f"at its end: a process that outlived the suite was killed: {command}"
        for command in status.left_behind
    )
    return ProcessEnd(
        exit_code=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        oom_kills=oom_kills,
        cause=Reason.DEADLINE if code is None else None,
        told=told,
        log=Log(str(attempt.log), left),
        took=status.seconds,
    )


def _reap(run: str) -> list[str]:
    found = [process for process in psutil.process_iter() if _belongs(process, run)]
    named = [_command(process) for process in found]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=GRACE)
    return named


def _belongs(process: psutil.Process, run: str) -> bool:
    try:
        return process.environ().get(RUN_MARK) == run
    except (psutil.Error, OSError):
        return False


def _command(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A port for each name, all different, free at the time of asking."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {n: s.getsockname()[1] for n, s in zip(names, sockets, strict=True)}

"""Start a server or worker and leave no process behind, whatever happens to the runner.

Each process runs below its own supervisor (``supervisor.py``), which ends the whole tree when the
runner asks for it, and when the runner is gone: also after SIGKILL, also for grandchildren in
sessions of their own, as far as the system allows (``containment.py``).

The main process must stay in the foreground: processes that it leaves behind have one second to
end, are then killed, and are named in :attr:`ExitStatus.left_behind`.
"""

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from asyncproof.harness.channel import Channel
from asyncproof.harness.containment import Containment, containment, namespace_command
from asyncproof.harness.exit_status import ExitStatus
from asyncproof.harness.output import Output

SUPERVISOR = Path(__file__).with_name("supervisor.py")
START_TIMEOUT = 10.0  # seconds for the supervisor to start the program
END_TIMEOUT = 10.0  # seconds for the supervisor to end the tree


class StartError(RuntimeError):
    """The program could not be run, ended early, or was not ready in time; the message says
    which."""

    def __init__(self, message: str, status: ExitStatus | None = None) -> None:
        super().__init__(message)
        self.status = status


def new_scratch() -> Path:
    """A name for a temporary folder that does not exist yet, for use in ``argv``.

    Short, because programs make Unix sockets in it, whose paths have 104 bytes at most.
    """
    return Path(tempfile.gettempdir()) / f"sv-{secrets.token_hex(5)}"


class Supervised:
    """A running process whose whole tree ends with :meth:`stop`, the context, or the runner.

    ``env`` is added to the inherited environment. The program finds a private temporary folder,
    ``scratch`` (:func:`new_scratch`), in ``TMPDIR``; it is made for it and removed with it, also
    when the runner is gone. Its output is drained from the first byte; the last ``keep_lines``
    lines stay in memory, all of it goes to ``log`` if given. ``stop_grace`` is how many seconds
    :meth:`stop` waits after SIGTERM before it kills. ``pid`` is the program's, as seen from here.
    Safe to use from several threads.

    Raises:
        StartError: the program is missing or is not a program.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
        keep_lines: int = 200,
        stop_grace: float = 3.0,
        contain: Containment | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.name = name
        self.argv = tuple(str(word) for word in argv)
        self.scratch = scratch or new_scratch()
        self.pid = 0
        self._grace = stop_grace
        self._began = time.monotonic()
        self._output = Output(keep_lines, log)
        self._code: int | None = None
        self._left: list[str] = []
        self._forced = False
        self._ended_at = 0.0
        self._refusal = ""
        self._started, self._exited, self._gone = (threading.Event() for _ in range(3))
        self._order_lock = threading.Lock()
        self._channel = Channel()
        with self._channel.theirs:
            self._supervisor = self._launch(contain or containment(), env or {}, cwd)
        self._watcher = threading.Thread(target=self._watch, name=f"watch {name}", daemon=True)
        self._watcher.start()
        self._await_start()

    def _launch(
        self, kind: Containment, env: Mapping[str, str], cwd: Path | None
    ) -> "subprocess.Popen[bytes]":
        channel = self._channel.theirs.fileno()
        python = [sys.executable, "-I", "-S", str(SUPERVISOR)]
        namespace = namespace_command() if kind is Containment.NAMESPACE else ()
        return subprocess.Popen(
            [*namespace, *python, str(channel), kind, str(self.scratch), *self.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
            pass_fds=(channel,),
            start_new_session=True,  # Ctrl-C in the terminal is for the runner
        )

    def _await_start(self) -> None:
        started = self._started.wait(START_TIMEOUT)
        if started and self.pid and not self._refusal:
            return
        self._close()
        reason = self._refusal or "\n".join(["its supervisor did not start it", *self.tail()])
        raise StartError(f"{self.name} was not started: {self.argv[0]}: {reason}")

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._code if self._exited.is_set() else None

    @property
    def running(self) -> bool:
        return not self._exited.is_set()

    @property
    def status(self) -> ExitStatus | None:
        """How it ended; None while it runs."""
        if self.running:
            return None
        return ExitStatus(self._code, self._forced, tuple(self._left), self._ended_at)

    def tail(self, lines: int = 30) -> list[str]:
        """The last lines of its output (standard output and error)."""
        return self._output.tail(lines)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal; does nothing if it has ended."""
        with self._order_lock:
            self._channel.send(number)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until the main process ended; its return code, or None after ``timeout`` seconds."""
        self._exited.wait(timeout)
        return self.returncode

    def stop(self, grace: float | None = None) -> ExitStatus:
        """End the whole tree: ask politely, kill after ``grace`` seconds. May be repeated."""
        if self.running:
            self.send_signal(signal.SIGTERM)
            self.wait(self._grace if grace is None else grace)
            self._forced = self.running
        self._close()
        status = self.status
        return status or ExitStatus(None, self._forced, (), time.monotonic() - self._began)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _close(self) -> None:
        """End the tree and wait until it has ended."""
        if self._forced or self.running:
            self._channel.order_the_end()
        if not self._gone.wait(END_TIMEOUT):
            self._supervisor.kill()  # ends the namespace with it
        self._watcher.join(END_TIMEOUT)

    def _watch(self) -> None:
        """Read the output and the supervisor's messages until both have ended."""
        output = self._supervisor.stdout
        assert output is not None
        drain = lambda: self._output.feed(os.read(output.fileno(), 65536))  # noqa: E731
        sources = selectors.PollSelector()  # select() knows the first 1024 files of a runner only
        sources.register(output, selectors.EVENT_READ, drain)
        sources.register(
            self._channel, selectors.EVENT_READ, lambda: self._channel.read(self._hear)
        )
        while self._channel in sources.get_map():
            for key, _ in sources.select():
                if not key.data():
                    sources.unregister(key.fileobj)
        self._finish(output.fileno())

    def _finish(self, output: int) -> None:
        """Everything in the tree has ended, so the pipe gets no more data."""
        self._supervisor.wait()
        os.set_blocking(output, False)
        with contextlib.suppress(BlockingIOError):
            while self._output.feed(os.read(output, 65536)):
                pass
        for closable in (self._supervisor.stdout, self._channel, self._output):
            if closable is not None:
                closable.close()
        self._ended()
        self._gone.set()
        self._started.set()

    def _ended(self) -> None:
        if not self._exited.is_set():
            self._ended_at = time.monotonic() - self._began
            self._exited.set()

    def _hear(self, line: str, sender: int) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "child":
                self.pid = sender or int(rest)
            case "started":
                self._started.set()
            case "refused":
                self._refusal = os.strerror(int(rest))
            case "exited":
                self._code = int(rest)
                self._ended()
            case "left":
                self._left.append(rest)


def wait_until_ready(process: Supervised, probe: Callable[[], bool], timeout: float) -> None:
    """Wait until ``probe`` says True. ``probe`` must answer quickly and must not raise.

    Raises:
        StartError: the process ended first (raised at once), or ``timeout`` seconds passed; the
            message has its exit code or signal and its last lines.
    """
    began = time.monotonic()
    pause = 0.01
    while not probe():
        left = timeout - (time.monotonic() - began)
        process.wait(max(0.0, min(pause, left)))
        if not process.running:
            process.stop()  # its last words are in when the tree has ended
            raise StartError(
                _with_tail(process, f"ended before it was ready: {process.status}"), process.status
            )
        if left <= 0:
            raise StartError(_with_tail(process, f"was not ready after {timeout:g} s"))
        pause = min(pause * 1.5, 0.2)


def _with_tail(process: Supervised, what: str) -> str:
    lines = process.tail() or ["(nothing)"]
    return "\n  ".join([f"{process.name} (pid {process.pid}) {what}; its last output:", *lines])

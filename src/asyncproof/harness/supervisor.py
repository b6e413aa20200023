"""The parent of one supervised process: ends its whole tree when the runner is gone.

Run as a script by :mod:`asyncproof.harness.processes`, never imported by it. It has few imports,
because it is started once for each server under test. It talks to the runner over one socket, whose
end-of-file is the order to end everything. The kernel closes a dead runner's sockets, so this also
works if the runner was killed.

From the runner come numbers of signals for the process, one byte each. To it go lines::

    child PID           sent by the process itself, so that the kernel can attach its real pid
    started             the program runs
    refused ERRNO       the program could not be run
    exited CODE         as in subprocess.Popen.returncode
    left COMMAND        a process that outlived the main one and had to be killed
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

LINGER = 1.0  # seconds for helpers of an ended process to end by themselves
KILLING = (
    5.0  # seconds after which a process that survives SIGKILL (stuck in the kernel) is given up
)
PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> None:
    channel, mode, scratch, argv = int(arguments[0]), arguments[1], arguments[2], arguments[3:]
    os.set_inheritable(channel, False)
    if mode == "subreaper":
        adopt_orphans()
    # A signal must not end this process and leave the tree running; only the channel may end it.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    wakeup = watch_children()
    os.mkdir(scratch, mode=0o700)  # noqa: PTH102 (importing pathlib doubles the time to start)
    tree = Tree(channel)
    try:
        tree.start(argv, scratch)
        silence()
        if tree.target:
            tree.follow(wakeup)
    finally:
        tree.end()
        remove(scratch)


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process (Linux only)."""
    import ctypes  # noqa: PLC0415 (only this mode pays for it)

    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("supervisor: this kernel has no child subreaper")


def watch_children() -> int:
    """A file descriptor that becomes readable when a child ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    os.set_blocking(readable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


class Tree:
    """The program (``target``, 0 if it could not be run) and all its descendants."""

    def __init__(self, channel: int) -> None:
        self.channel = channel
        self.target = 0
        self.target_ended = False

    def start(self, argv: list[str], scratch: str) -> None:
        failed, fails = os.pipe()  # closed by a successful exec, written by a failed one
        if (pid := os.fork()) == 0:
            become(argv, self.channel, fails, scratch)
        os.close(fails)
        error = os.read(failed, 16)
        os.close(failed)
        self.target = 0 if error else pid
        self.tell(f"refused {error.decode()}" if error else "started")

    def follow(self, wakeup: int) -> None:
        """Pass signals on until the program ended or the runner is gone."""
        while True:
            ready, _, _ = select.select([self.channel, wakeup], [], [])
            if wakeup in ready:
                os.read(wakeup, 4096)
                self.reap()
            if self.target_ended:
                return self.wait_for_helpers()
            if self.channel in ready:
                order = os.read(self.channel, 1)
                if not order:
                    return None
                os.kill(self.target, order[0])

    def reap(self) -> bool:
        """Collect every ended child, and report the program's end. False if no child is left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid and pid == self.target:
                    self.target_ended = True
                    self.tell(f"exited {os.waitstatus_to_exitcode(status)}")
                if not pid:
                    return True
        return False

    def wait_for_helpers(self) -> None:
        """Give the program's remaining processes a moment to end, then name those that did not."""
        deadline = time.monotonic() + LINGER
        while (left := list(below(os.getpid()))) and time.monotonic() < deadline:
            if select.select([self.channel], [], [], 0.02)[0] and not os.read(self.channel, 1):
                break
            self.reap()
        for pid in left:
            self.tell(f"left {command(pid)}")

    def end(self) -> None:
        """Kill all of it, also processes that appear meanwhile."""
        deadline = time.monotonic() + KILLING
        while time.monotonic() < deadline:
            self.kill()
            if not self.reap():
                return
            time.sleep(0.005)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.target and sys.platform != "linux":
                os.killpg(self.target, signal.SIGKILL)
        for pid in below(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the runner may be gone
            os.write(self.channel, line.encode(errors="replace") + b"\n")


def become(argv: list[str], channel: int, fails: int, scratch: str) -> None:
    """Turn this forked child into the program. Does not return."""
    try:
        os.setsid()
        os.write(channel, b"child %d\n" % os.getpid())
        # What is ignored here stays ignored in the program: two by Python, the third by whatever a
        # script starts in the background.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        os.environ["TMPDIR"] = scratch
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(fails, b"%d" % (error.errno or 0))
    finally:
        os._exit(127)


def silence() -> None:
    """Close the output pipe here, so that its end is the end of the tree's output."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)


def below(root: int) -> Iterator[int]:
    """Living descendants of ``root``; none if there is no /proc."""
    parents = dict(living())
    for pid, parent in parents.items():
        ancestor = parent
        while ancestor in parents and ancestor != root:
            ancestor = parents[ancestor]
        if ancestor == root:
            yield pid


def living() -> Iterator[tuple[int, int]]:
    """(pid, parent) of every process that is not a zombie, as proc_pid_stat(5) gives them."""
    for entry in os.listdir("/proc") if sys.platform == "linux" else ():  # noqa: PTH208 (as above)
        if entry.isdigit():
            with contextlib.suppress(OSError):
                state, parent = contents(f"/proc/{entry}/stat").rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(entry), int(parent)


def command(pid: int) -> str:
    with contextlib.suppress(OSError):
        if line := contents(f"/proc/{pid}/cmdline").replace("\0", " ").strip():
            return " ".join(line.split())[:200]
    return "a process that has just ended"


def contents(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 (as above)
        return file.read()


def remove(scratch: str) -> None:
    import shutil  # noqa: PLC0415 (needed only at the end)

    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])

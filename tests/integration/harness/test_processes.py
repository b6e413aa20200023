"""Supervised processes: started quickly, heard from the first byte, never left behind."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from asyncproof.harness.containment import Containment, containment
from asyncproof.harness.exit_status import ExitStatus
from asyncproof.harness.processes import StartError, Supervised, wait_until_ready
from tests import ROOT

BEST = containment()
KINDS = {
    Containment.NAMESPACE: [Containment.NAMESPACE, Containment.SUBREAPER],
    Containment.SUBREAPER: [Containment.SUBREAPER],
    Containment.GROUP: [Containment.GROUP],
}[BEST]

# Ignores SIGTERM, holds a port and a temporary file, and has a helper in a session of its own.
STUBBORN = """
import os, signal, socket, subprocess, sys, tempfile
signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
subprocess.Popen(helper, start_new_session=True)
if os.fork() == 0:
    if os.fork():
        os._exit(0)
    os.setsid()
    os.execv(sys.executable, helper)
listener = socket.create_server(("127.0.0.1", 0))
file = tempfile.NamedTemporaryFile()
print(f"{listener.getsockname()[1]} {file.name}")
signal.pause()
"""

RUNNER = """
import os, signal, sys
from asyncproof.harness.containment import Containment
from asyncproof.harness.processes import Supervised, wait_until_ready
kind, marker, program, end = sys.argv[1:]
argv = [sys.executable, "-c", program, marker]
tree = Supervised(argv, name="stubborn", contain=Containment(kind))
wait_until_ready(tree, lambda: bool(tree.tail()), 30)
print(tree.tail()[-1], flush=True)
if end == "exits":
    os._exit(0)
signal.pause()
"""


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Containment:
    """Every kind of containment that can be tried on this system."""
    chosen: Containment = request.param
    return chosen


@pytest.fixture
def marker() -> Iterator[str]:
    """A word on the command lines of a test's processes, by which they are found and counted."""
    word = f"marker-{secrets.token_hex(8)}"
    yield word
    for process in marked(word):
        process.kill()


def marked(word: str) -> list[psutil.Process]:
    """Living processes with this word on their command line."""
    return [p for p in psutil.process_iter(["cmdline"]) if word in (p.info["cmdline"] or [])]


def eventually(holds: Callable[[], bool], timeout: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", program, *arguments]


def test_stop_ends_helpers_in_sessions_of_their_own(kind: Containment, marker: str) -> None:
    """A worker that ignores SIGTERM is killed with all its helpers; port and files are gone."""
    with Supervised(
        python(STUBBORN, marker), name="stubborn", stop_grace=0.05, contain=kind
    ) as tree:
        wait_until_ready(tree, lambda: bool(tree.tail()), 30)
        port, file = tree.tail()[-1].split()
        assert len(marked(marker)) >= 3
        assert Path(file).exists()
        status = tree.stop()

    assert (status.code, status.forced, tree.running) == (-signal.SIGKILL, True, False)
    assert marked(marker) == []
    assert not Path(file).parent.exists()
    # Binding, not connecting: a connection to a free port of one\'s own range may reach itself.
    with socket.create_server(("127.0.0.1", int(port))):
        pass


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "SIGINT", "exits"])
def test_nothing_survives_the_runner(kind: Containment, marker: str, end: str) -> None:
    """However the runner dies, every process below it ends and its port and files go."""
    runner = subprocess.Popen(
        python(RUNNER, kind, marker, STUBBORN, end),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with runner:
        assert runner.stdout
        told = runner.stdout.readline()
        runner.send_signal(signal.Signals[end] if end != "exits" else 0)
        runner.wait(30)
    port, file = told.split()

    assert eventually(lambda: not marked(marker))
    assert eventually(lambda: not Path(file).parent.exists())
    # Binding, not connecting: a connection to a free port of one\'s own range may reach itself.
    with socket.create_server(("127.0.0.1", int(port))):
        pass


FORKING_RUNNER = """
import os, signal, sys
from asyncproof.harness.processes import Supervised, wait_until_ready
marker, program = sys.argv[1:]
tree = Supervised([sys.executable, "-c", program, marker], name="stubborn")
wait_until_ready(tree, lambda: bool(tree.tail()), 30)
if (fork := os.fork()) == 0:
    signal.pause()
print(fork, flush=True)
signal.pause()
"""


def test_a_fork_of_the_runner_does_not_keep_the_tree_alive(marker: str) -> None:
    """As multiprocessing makes them: what the runner held open, its forks must not hold on to."""
    runner = subprocess.Popen(
        python(FORKING_RUNNER, marker, STUBBORN),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with runner:
        assert runner.stdout
        fork = runner.stdout.readline()
        runner.kill()
        runner.wait(30)

    assert eventually(lambda: {process.pid for process in marked(marker)} == {int(fork)})


def test_the_pid_is_the_programs_as_seen_from_here(kind: Containment, marker: str) -> None:
    with Supervised(
        python("input_ = __import__('signal').pause()", marker), name="p", contain=kind
    ) as p:
        assert marker in psutil.Process(p.pid).cmdline()


def test_a_polite_program_ends_by_itself(kind: Containment) -> None:
    program = (
        "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print(1); signal.pause()"
    )
    with Supervised(python(program), name="polite", contain=kind) as process:
        wait_until_ready(process, lambda: process.tail() == ["1"], 30)
        status = process.stop()

    assert (status.code, status.forced, status.left_behind) == (7, False, ())
    assert process.stop() == status, "stopping again changes nothing"
    assert process.returncode == 7


@pytest.mark.skipif(BEST is Containment.GROUP, reason="needs /proc to name processes")
def test_what_an_ended_program_leaves_behind_is_named_and_killed(
    kind: Containment, marker: str
) -> None:
    program = "import subprocess, sys; subprocess.Popen(['sleep', '600.' + sys.argv[1]])"
    with Supervised(python(program, str(os.getpid())), name="parent", contain=kind) as process:
        assert process.wait(30) == 0
        status = process.stop()

    assert status.left_behind == (f"sleep 600.{os.getpid()}",)
    assert marked(f"600.{os.getpid()}") == []


def test_output_is_drained_bounded_in_memory_and_whole_on_disk(tmp_path: Path) -> None:
    """A chatty program is never blocked by a full pipe, and its last lines are at hand."""
    program = "for n in range(40_000): print(n, 'x' * 50)\nprint('y' * 100_000, end='')"
    log = tmp_path / "logs" / "chatty.log"
    with Supervised(python(program), name="chatty", keep_lines=5, log=log) as process:
        assert process.wait(60) == 0
        process.stop()

    assert [line.split()[0] for line in process.tail()[:-1]] == [
        str(n) for n in range(39995, 40000)
    ]
    assert set(process.tail(1)[0]) == {"y"}
    assert len(process.tail(1)[0]) == 4096
    assert log.stat().st_size == sum(len(f"{n} ") + 51 for n in range(40_000)) + 100_000


@pytest.mark.timeout(60)
def test_waiting_ends_at_once_when_the_process_died() -> None:
    """The error names the exit code and the last lines, long before the deadline."""
    with (
        Supervised(python("print('no model'); exit(3)"), name="worker") as process,
        pytest.raises(StartError, match=r"(?s)worker .*ended.*exit code 3.*no model") as caught,
    ):
        wait_until_ready(process, lambda: False, timeout=600)

    assert caught.value.status is not None
    assert caught.value.status.code == 3


def test_waiting_names_the_signal_that_ended_the_process() -> None:
    with (
        Supervised(python("import os; os.kill(os.getpid(), 9)"), name="worker") as process,
        pytest.raises(StartError, match="signal SIGKILL"),
    ):
        wait_until_ready(process, lambda: False, timeout=60)


def test_waiting_gives_up_at_its_deadline() -> None:
    with (
        Supervised(
            python("print('loading'); import signal; signal.pause()"), name="worker"
        ) as slow,
        pytest.raises(StartError, match=r"not ready after 0.5 s") as caught,
    ):
        wait_until_ready(slow, lambda: False, timeout=0.5)
    assert caught.value.status is None


@pytest.mark.parametrize("argv", [["no-such-program"], [str(ROOT)], [__file__]], ids=str)
def test_what_cannot_be_run_is_said_so(argv: list[str], kind: Containment) -> None:
    with pytest.raises(
        StartError, match=r"w was not started: .+: (No such file|Permission denied)"
    ):
        Supervised(argv, name="w", contain=kind)


# Signals 1 to 31; those above belong to the C library, which ignores some on its own account.
STANDARD_SIGNALS = 0x7FFFFFFF


def test_the_environment_is_added_to_and_signals_are_the_defaults(kind: Containment) -> None:
    program = "import os, signal; print(os.environ['EXTRA'], 'PATH' in os.environ);"
    shell = ["sh", "-c", f'{sys.executable} -c "{program}"; grep SigIgn /proc/self/status']
    with Supervised(shell, name="env", env={"EXTRA": "more"}, contain=kind) as process:
        process.wait(30)
        process.stop()
    assert process.tail()[0] == "more True"
    if sys.platform == "linux":
        ignored = int(process.tail()[1].split()[1], 16)
        assert ignored & STANDARD_SIGNALS == 0


def test_a_stopped_process_can_be_continued(kind: Containment) -> None:
    with Supervised(python("import signal; signal.pause()"), name="p", contain=kind) as process:
        process.send_signal(signal.SIGSTOP)
        outside = psutil.Process(process.pid)
        assert eventually(lambda: outside.status() == psutil.STATUS_STOPPED)
        process.send_signal(signal.SIGCONT)
        assert eventually(lambda: outside.status() != psutil.STATUS_STOPPED)


def test_nothing_is_held_after_many_processes() -> None:
    """Twenty at once leave no open file, thread or child of the runner."""
    me = psutil.Process()
    before = (me.num_fds(), threading.active_count(), me.children(recursive=True))
    processes = [Supervised(["sleep", "600"], name=f"s{n}") for n in range(20)]
    statuses = [process.stop() for process in processes]

    assert {status.code for status in statuses} == {-signal.SIGTERM}
    assert (me.num_fds(), threading.active_count(), me.children(recursive=True)) == before


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "signal SIGKILL"),
        (-99, "signal 99"),
        (None, "unknown exit code"),
    ],
)
def test_an_exit_status_reads_as_a_person_says_it(code: int | None, text: str) -> None:
    assert str(ExitStatus(code)) == text

"""Processes that start at once: forked from one that has imported what they need.

Most of the processor time of a short run goes into imports. The fork server of ``multiprocessing``
does them once for each test process. Every command still has a process of its own, with arguments,
environment and output as if a user had started it.
"""

import atexit
import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, util
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests import ROOT

# What was imported before pytest began has no rewritten assertions; it has none at all.
NOT_REWRITTEN = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
STOP_GRACE = 10.0  # seconds between the polite end of a process and its kill
PR_SET_PDEATHSIG = 1

_context = multiprocessing.get_context("forkserver")


def warm_up() -> None:
    """Start the process that others are forked from, where there is none yet.

    A test process has one, and who starts it decides what all others begin with. An engine within
    the tests would start one without these imports, and deaf to SIGTERM.
    """
    _context.set_forkserver_preload([f"{__package__}.preloaded"])
    forkserver.ensure_running()


@contextmanager
def module_process(
    module: str,
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    output: Path,
    errors: Path | None = None,
    cwd: Path = ROOT,
) -> Iterator[ForkServerProcess]:
    """``python -m MODULE ARGUMENTS``; ends with the context. All that it prints goes to the file
    ``output``, or what goes to standard error to ``errors``, where that is given."""
    warm_up()
    process = _context.Process(
        target=_become, args=(module, arguments, dict(environ), (output, errors or output), cwd)
    )
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(STOP_GRACE)
        process.kill()
        process.join()
        process.close()


def _become(
    module: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    outputs: tuple[Path, Path],
    cwd: Path,
) -> None:
    """The first function of the new process."""
    _end_with_the_tests()
    util.spawnv_passfds = _fork_instead  # type: ignore[assignment]
    for number, path in enumerate(outputs, 1):
        with path.open("ab") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    tempfile.tempdir = None  # it is chosen anew, by this environment
    sys.path[:0] = filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # as a program does; a process of multiprocessing leaves them out


def _end_with_the_tests() -> None:
    """The fork server ends with the tests, unless we keep its pipe open; we end with it."""
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _fork_instead(_path: str, arguments: Sequence[str], kept: Sequence[int]) -> int:
    """What ``multiprocessing`` starts as ``python -c CODE``, without a new Python's imports."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        for number in {int(path.name) for path in Path("/dev/fd").iterdir()} - {0, 1, 2, *kept}:
            with suppress(OSError):  # that of the listing itself
                os.close(number)
        exec(arguments[-1], {})
        code = 0
    finally:
        os._exit(code)

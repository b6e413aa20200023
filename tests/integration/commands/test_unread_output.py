"""A reader that leaves early (``| head -1``) changes nothing of how a command ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncproof.cli.unread_output import UNREAD
from asyncproof.harness.exit_codes import ExitCode
from tests import ROOT
from tests.integration.commands.test_bad_input import ONE_JOB
from tests.support.shell import CLI, Shell, a_miner_that_answers


def unread(shell: Shell, *arguments: str, everything: bool, **environ: str) -> tuple[int, str]:
    """The exit code of a command whose output nobody reads, and what it says to those who read its
    errors; ``everything``: nobody reads these either (``2>&1``)."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", CLI, *arguments],
            cwd=ROOT,
            env=shell.environ(**environ),
            stdout=writing,
            stderr=writing if everything else subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize("everything", [False, True])
def test_a_run_goes_on_to_its_verdict(shell: Shell, miner: str, everything: bool) -> None:
    only = ("-k", Path(ONE_JOB).name)
    code, errors = unread(shell, "run", *only, everything=everything, ASYNC_MINER_URL=miner)
    assert (code, errors) == (ExitCode.PASS, "")
    assert len(list((shell.folder / "reports").glob("*/verdict.json"))) == 1


def test_a_command_without_an_end_ends_quietly(shell: Shell) -> None:
    """With the exit code that a shell shows for it, and none that says that something hangs."""
    with a_miner_that_answers({"/jobs": (200, []), "/health": (200, {})}) as url:
        code, errors = unread(shell, "watch", url, everything=False)
    assert (code, errors) == (UNREAD, "")

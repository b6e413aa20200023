"""The page about hung jobs keeps its promises."""

import re
import subprocess
import sys
from pathlib import Path

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.history.job_health import Stage
from asyncproof.liveness.clocks import Budgets
from asyncproof.liveness.statistics import HARDWARE
from asyncproof.settings import Settings
from tests import ROOT
from tests.integration.commands.test_watch import submit, until
from tests.matrix.miner.runner import AS_INSTALLED, QUICK_MINER
from tests.support.miners import forked_miner
from tests.support.shell import Shell

PAGE = (ROOT / "docs" / "hung-jobs.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()
]
# Commands that end only when they are told to, and what they print before that.
ENDLESS = {COMMANDS[2]: "in flight", COMMANDS[-1]: "listening on"}


def test_every_command_of_the_page_runs_as_it_stands_there(shell: Shell, tmp_path: Path) -> None:
    """In the order of the page. Only url, ids, folders and the hour are put in, and of the suite
    only the tests of this page are run."""
    with forked_miner(QUICK_MINER) as quick, forked_miner(["--job-seconds", "600"]) as busy:
        done, _ = submit(quick), submit(busy)
        for command in COMMANDS:
            lists_jobs = " watch " in command and "JOB_ID" not in command
            ready = (
                command.replace("python ", f"{sys.executable} -u ", 1)
                .replace("http://localhost:8091", busy if lists_jobs else quick)
                .replace("reports/*", f"{tmp_path}/reports/*")
                .replace("stalls.jsonl", f"{tmp_path}/stalls.jsonl")
                .replace("--for 3600", "--for 1")
                .replace("JOB_ID", done)
                .replace("--fault", "--port 0 --fault")
            )
            code, told = _run(shell, ready, ENDLESS.get(command))
            assert code == ExitCode.PASS, f"{command}\n{told}"


def _run(shell: Shell, command: str, endless: str | None) -> tuple[int, str]:
    """Run a line by the shell; one that never ends is told to, after it printed what it should."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}" if endless else command],
        cwd=ROOT,
        env=shell.environ(PYTEST_ADDOPTS=f"{AS_INSTALLED['PYTEST_ADDOPTS']} -k hung_jobs"),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        told = ""
        if endless:
            told = until(re.compile(re.escape(endless)), process)
            process.terminate()
        told += process.communicate(timeout=180)[0]
    return process.returncode, told


def test_the_figures_of_the_page_are_those_of_the_settings() -> None:
    budgets = Budgets.of(Settings())
    stages = {stage: budgets.still(stage) for stage in Stage if stage is not Stage.UNMEASURED}
    for stage, seconds in stages.items():
        assert f"| {stage} | {seconds:g} |" in PAGE
    for hardware in HARDWARE:
        classed = f"{hardware.name} ({hardware.examples}) {hardware.low} to {hardware.high}"
        assert classed in " ".join(PAGE.split())

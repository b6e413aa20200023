"""The commands that the documents promise, run as a user runs them."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.settings import REFERENCE
from tests import ROOT
from tests.matrix.miner.runner import AS_INSTALLED
from tests.support.miners import forked_miner
from tests.support.shell import CLI, Shell

SUITE = "tests/e2e/async_inference"
ONE_JOB = f"{SUITE}/test_async_inference.py"
RACES = f"{SUITE}/test_race_conditions.py"
NOBODY = "http://127.0.0.1:9"
FEW = {"STRESS_TEST_CONCURRENT": "2", "STRESS_TEST_SEQUENTIAL": "2"}


def test_the_basic_test_alone(shell: Shell, miner: str) -> None:
    ran = shell.suite(ONE_JOB, "-s", "-v", ASYNC_MINER_URL=miner)
    assert ran.code == ExitCode.PASS, ran.output
    assert "Verdict: PASS" in ran.output
    assert "1 passed" in ran.output


@pytest.mark.parametrize(
    ("test", "jobs"),
    [
        ("test_rapid_concurrent_inference", 3),
        ("test_rapid_sequential_different_loras", 2),
        ("test_training_interference", 2),
    ],
)
def test_one_stress_test_alone_prints_its_results(
    shell: Shell, miner: str, test: str, jobs: int
) -> None:
    ran = shell.suite(
        *(f"{RACES}::{test}", "-s", "-v", "--timeout=600"),
        ASYNC_MINER_URL=miner,
        STRESS_TEST_CONCURRENT="3",
        STRESS_TEST_SEQUENTIAL="2",
    )
    assert ran.code == ExitCode.PASS, ran.output
    block = ran.output.partition("STRESS TEST RESULTS\n" + "=" * 80 + "\n")[2]
    assert re.findall(r"^([A-Z][\w/ ]+): (\d+)$", block, re.M) == [
        ("Total jobs", str(jobs)),
        ("Completed", str(jobs)),
        ("Valid images", str(jobs)),
        ("Invalid/incomplete images", "0"),
        ("No images", "0"),
    ]


def test_damaged_pictures_are_listed_by_job_with_the_reason(shell: Shell) -> None:
    with forked_miner(["--fault", "bottom-black", "--job-seconds", "0.05"]) as url:
        ran = shell.suite(RACES, "-k", "concurrent", "-s", ASYNC_MINER_URL=url)
    assert ran.code == ExitCode.FINDINGS
    listed = ran.output.partition("INVALID IMAGES DETECTED:\n")[2]
    assert re.match(r"  - job_\d+: Partial render detected: \d+\.\d% of bottom rows", listed)


def test_the_cli_without_a_command_runs_the_suite(shell: Shell, miner: str) -> None:
    ran = shell.cli(ASYNC_MINER_URL=miner, **FEW)
    assert ran.code == ExitCode.PASS, ran.output
    assert "✓ test_async_inference: 1 job" in ran.output
    dots = [line for line in ran.output.splitlines() if re.match(r"tests/|[.sF]+ +\[", line)]
    assert not dots, "pytest's own progress stands beside ours"
    assert re.search(r"^  work +\d+\.\d{3}", ran.output, re.M)


def test_a_broken_clause_is_told_once_at_the_end(shell: Shell) -> None:
    with forked_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as url:
        ran = shell.suite(ONE_JOB, ASYNC_MINER_URL=url)
    assert ran.code == ExitCode.FINDINGS
    assert re.search(r"^✗ test_async_inference: 1 job, .*1 finding \(CBK-4\)$", ran.output, re.M)
    assert ran.output.count("expected 1 delivery") == 1
    assert "Traceback" not in ran.output
    assert "assert " not in ran.output


def test_tests_that_share_jobs_do_not_tell_their_findings_again(shell: Shell) -> None:
    with forked_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as url:
        ran = shell.cli("run", "-k", "callbacks_of_many or rapid_concurrent", "--miner", url, **FEW)
    assert ran.code == ExitCode.FINDINGS
    assert re.search(r"^✗ test_callbacks_of_many_jobs: .*findings \(CBK-4\)$", ran.output, re.M)
    again = "CBK-4, which an earlier test found in the same jobs"
    assert re.search(rf"^✗ test_rapid_concurrent_inference: .*, {again}$", ran.output, re.M)
    assert ran.output.count("expected 1 delivery") == 1
    assert "assert " not in ran.output


def test_a_terminal_shows_a_bar_that_fills(shell: Shell, miner: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", CLI, "run", "-k", "rapid_concurrent", "--miner", miner]
    environ = shell.environ(TERM="xterm", COLUMNS="120", **FEW)
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says when its other end is gone
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    assert run.returncode == ExitCode.PASS, shown.decode()
    counts = re.findall(r"━.*?(\d)/2", shown.decode())
    assert counts, shown.decode()
    assert (counts[0], counts[-1]) == ("0", "2")


def test_verbose_shows_pytests_own_lines(shell: Shell, miner: str) -> None:
    ran = shell.cli("run", "-v", "-k", "test_async_inference.py", ASYNC_MINER_URL=miner)
    assert ran.code == ExitCode.PASS, ran.output
    assert "test_async_inference.py::test_async_inference PASSED" in ran.output


def test_flags_of_the_cli_go_before_the_environment(shell: Shell, miner: str) -> None:
    ran = shell.cli(
        *("run", "--miner", miner, "--concurrent", "4", "-k", "concurrent", "--seed", "7"),
        ASYNC_MINER_URL="http://127.0.0.1:1",
    )
    assert ran.code == ExitCode.PASS, ran.output
    assert "STRESS_TEST_CONCURRENT=4" in ran.output
    assert "seed 7" in ran.output


def test_an_external_callback_server_is_asked_what_came_in(shell: Shell, miner: str) -> None:
    theirs = shell.folder / "theirs"
    command = [sys.executable, "-u", "-m", CLI, "callback-server", "--host", "127.0.0.1"]
    command += ["--port", "0", "--folder", str(theirs)]
    environ = shell.environ()
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    ) as server:
        base = next(
            filter(None, (re.search(r"http://[\d.]+:\d+", line) for line in server.stdout or ()))
        )
        arguments = ["--no-auto-callback", "--callback-base", base[0], "--expiry-minutes", "10"]
        ran = shell.cli("run", *arguments, "-k", "test_async_inference.py", ASYNC_MINER_URL=miner)
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert ran.code == ExitCode.PASS, ran.output
    assert len(list((theirs / "images").glob("*.png"))) == 1


def test_hostile_receivers_are_had_from_an_external_server_with_a_control_port(
    shell: Shell, miner: str
) -> None:
    """With secrets of their own for each job, redirects to another host and a closed port."""
    token = "a-view-token-of-32-characters-!!"
    command = [sys.executable, "-u", "-m", CLI, "callback-server", "--host", "127.0.0.1"]
    command += ["--port", "0", "--folder", str(shell.folder / "theirs"), "--view-token", token]
    with subprocess.Popen(
        [*command, "--control-port", "0"],
        cwd=ROOT,
        env=shell.environ(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        lines = [server.stdout.readline() if server.stdout else "" for _ in range(4)]
        base, control = (
            re.search(r"http://[\d.]+:\d+", line)[0]  # type: ignore[index]
            for line in lines
            if line.startswith(("callbacks", "control"))
        )
        arguments = ["--no-auto-callback", "--callback-base", base, "--callback-control", control]
        ran = shell.cli(
            "run",
            *arguments,
            "-k",
            "test_hostile_receivers.py",
            ASYNC_MINER_URL=miner,
            ASYNC_CALLBACK_VIEW_TOKEN=token,
        )
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert ran.code == ExitCode.PASS, ran.output
    (run,) = (shell.folder / "reports").iterdir()
    history = (run / "history.ndjson").read_text()
    assert "answered 5" in history
    assert '"token":null,"secret":"match"' not in history


def test_recheck_comes_to_the_same_verdict_without_a_miner(shell: Shell, miner: str) -> None:
    shell.suite(ONE_JOB, RACES, ASYNC_MINER_URL=miner)
    (run,) = (shell.folder / "reports").iterdir()
    verdict = json.loads((run / "verdict.json").read_text())
    again = shell.cli("recheck", str(run / "history.ndjson"), "--json")
    told = json.loads(again.output)
    assert again.code == verdict["exit_code"] == ExitCode.PASS
    assert told["checks"] == verdict["checks"]
    assert told["findings"] == verdict["findings"]


def test_junit_has_the_clause_and_the_job_of_each_finding(shell: Shell) -> None:
    report = shell.folder / "junit.xml"
    with forked_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as url:
        shell.suite(ONE_JOB, f"--junitxml={report}", ASYNC_MINER_URL=url)
    properties = ET.parse(report).getroot().iter("property")
    found = {(p.get("name"), (p.get("value") or "").split()[0]) for p in properties}
    assert {("clause", "CBK-4"), ("job", "job_001")} <= found


def test_explain_prints_a_clause_and_lists_them_all(shell: Shell) -> None:
    assert shell.cli("explain", "cbk-4").output.startswith("CBK-4 (MUST) ")
    assert "SUB-1    MUST" in shell.cli("explain").output
    unknown = shell.cli("explain", "CBK-999")
    assert unknown.code == ExitCode.USAGE
    assert "no clause or family CBK-999" in unknown.output


def test_help_names_every_command(shell: Shell) -> None:
    ran = shell.cli("--help")
    assert ran.code == 0
    for command in ("run", "callback-server", "recheck", "explain"):
        assert f"  {command} " in ran.output


def test_make_e2e_says_first_and_last_that_it_tests_the_reference_miner(shell: Shell) -> None:
    few = f"{AS_INSTALLED['PYTEST_ADDOPTS']} -k test_async_inference.py"
    ran = shell.run("make", "e2e", PYTEST_ADDOPTS=few)
    lines = ran.output.strip().splitlines()
    assert ran.code == 0, ran.output
    assert "reference miner" in lines[0]
    assert lines[0] == lines[-1]
    assert "1 passed" in ran.output


def test_make_e2e_in_ci_refuses_to_guess(shell: Shell) -> None:
    ran = shell.run("make", "e2e", CI="true")
    assert ran.code != 0
    assert "ASYNC_MINER_URL" in ran.output
    assert "ASYNC_CALLBACK_BASE_URL" in ran.output


def test_make_works_from_another_folder(shell: Shell, tmp_path: Path) -> None:
    ran = replace(shell, cwd=tmp_path).run("make", "-f", str(ROOT / "Makefile"), "help")
    assert "make e2e" in ran.output


def test_known_findings_do_not_fail_and_their_absence_does(shell: Shell, miner: str) -> None:
    known = str(shell.folder / "known.json")
    quick = ("run", "-k", "test_async_inference.py")
    with forked_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as twice:
        assert shell.cli(*quick, "--update-baseline", known, ASYNC_MINER_URL=twice).code == 1
        again = shell.cli(*quick, "--baseline", known, ASYNC_MINER_URL=twice)
    assert again.code == ExitCode.PASS, again.output
    assert "KNOWN:" in again.output
    mended = shell.cli(*quick, "--baseline", known, ASYNC_MINER_URL=miner)
    assert mended.code == ExitCode.FINDINGS
    assert "GONE: CBK-4 (one_delivery_per_job)" in mended.output


def test_only_judges_the_families_that_are_asked_for(shell: Shell, miner: str) -> None:
    ran = shell.cli("run", "--only", "cbk, trn", "-k", "race or async", ASYNC_MINER_URL=miner)
    assert ran.code == ExitCode.PASS, ran.output
    (verdict,) = (shell.folder / "reports").glob("*/verdict.json")
    checks = json.loads(verdict.read_text())["checks"]
    families = [{clause.partition("-")[0] for clause in check["clauses"]} for check in checks]
    assert families
    assert all(judged & {"CBK", "TRN", "RUN"} for judged in families)


def test_an_unknown_family_is_refused_with_the_known_ones(shell: Shell) -> None:
    ran = shell.cli("run", "--only", "XYZ")
    assert ran.code == ExitCode.USAGE
    assert "--only XYZ: no such family; there are CBK, " in ran.output


def test_a_miner_that_edits_pictures_speaks_the_same_protocol(shell: Shell, miner: str) -> None:
    ran = shell.cli("run", "--endpoint", "edit", "--quick", ASYNC_MINER_URL=miner)
    assert ran.code == ExitCode.PASS, ran.output
    history = next((shell.folder / "reports").glob("*/history.ndjson")).read_text()
    assert '"/edit/status/' in history
    assert '"image_b64"' in history


@pytest.mark.parametrize(
    ("options", "most"), [(["--quick"], 15), (["--budget", "12jobs"], 12), ([], 80)]
)
def test_the_plan_keeps_what_the_readme_says_of_the_cost(
    shell: Shell, options: list[str], most: int
) -> None:
    """Nothing is sent: nobody listens at this address."""
    usual = {"ASYNC_MINER_URL": NOBODY, "STRESS_TEST_CONCURRENT": "10"}
    ran = shell.suite(SUITE, "--plan", *options, **usual)
    assert ran.code == 0, ran.output
    (pictures,) = re.findall(r"at most (\d+) pictures", ran.output)
    assert int(pictures) <= most
    assert ("left out by --budget:" in ran.output) is ("--budget" in options)
    assert not (shell.folder / "reports").exists()


def test_a_run_costs_little_where_small_pictures_are_taken(shell: Shell) -> None:
    """One other size need not be tried then."""
    usual = {"ASYNC_IMAGE_SIZE": "1024x1024", "ASYNC_STEPS": "20", "STRESS_TEST_CONCURRENT": "10"}
    ran = shell.suite(SUITE, "--plan", ASYNC_MINER_URL=REFERENCE, **usual)
    assert ran.code == 0, ran.output
    (found,) = re.findall(r"at most (\d+) pictures.* as much work as (\d+) of", ran.output)
    assert int(found[0]) <= 79
    assert int(found[1]) <= 28


def test_without_sharing_each_test_sends_its_own_jobs(shell: Shell, miner: str) -> None:
    two = ("-k", "health_while_work_is_done or answered_at_once")
    completed = []
    for sharing in ((), ("--no-sharing",)):
        ran = shell.suite(SUITE, *two, *sharing, ASYNC_MINER_URL=miner)
        assert ran.code == 0, ran.output
        completed += re.findall(r"^(\d+) jobs completed", ran.output, re.MULTILINE)
    assert completed == ["5", "10"]

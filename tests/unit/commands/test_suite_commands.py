"""The commands that the documents promise, run as a user runs them."""

import json
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.async_inference.reference_miner import reference_miner
from tests.harness.exit_codes import ExitCode
from tests.harness.settings import ROOT
from tests.unit.commands.shell import CLI, Shell

SUITE = "tests/e2e/async_inference"
ONE_JOB = f"{SUITE}/test_async_inference.py"
RACES = f"{SUITE}/test_race_conditions.py"
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
    with reference_miner(["--fault", "bottom-black", "--job-seconds", "0.05"]) as url:
        ran = shell.suite(RACES, "-k", "concurrent", "-s", ASYNC_MINER_URL=url)
    assert ran.code == ExitCode.FINDINGS
    listed = ran.output.partition("INVALID IMAGES DETECTED:\n")[2]
    assert re.match(r"  - job_\d+: Partial render detected: \d+\.\d% of bottom rows", listed)


def test_the_cli_without_a_command_runs_the_suite(shell: Shell, miner: str) -> None:
    ran = shell.cli(ASYNC_MINER_URL=miner, **FEW)
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
    with reference_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as url:
        shell.suite(ONE_JOB, f"--junitxml={report}", ASYNC_MINER_URL=url)
    properties = ET.parse(report).getroot().iter("property")
    found = {(p.get("name"), (p.get("value") or "").split()[0]) for p in properties}
    assert {("clause", "CBK-4"), ("job", "job_001")} <= found


def test_explain_prints_a_clause_and_lists_them_all(shell: Shell) -> None:
    assert shell.cli("explain", "cbk-4").output.startswith("CBK-4 (MUST) ")
    assert "SUB-1    MUST" in shell.cli("explain").output
    unknown = shell.cli("explain", "CBK-999")
    assert unknown.code == ExitCode.USAGE
    assert "no clause CBK-999" in unknown.output


def test_help_names_every_command(shell: Shell) -> None:
    ran = shell.cli("--help")
    assert ran.code == 0
    for command in ("run", "callback-server", "recheck", "explain"):
        assert f"  {command} " in ran.output


def test_make_e2e_says_first_and_last_that_it_tests_the_reference_miner(shell: Shell) -> None:
    ran = shell.run("make", "e2e", **FEW)
    lines = ran.output.strip().splitlines()
    assert ran.code == 0, ran.output
    assert "reference miner" in lines[0]
    assert lines[0] == lines[-1]


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
    with reference_miner(["--fault", "callback-twice", "--job-seconds", "0.05"]) as twice:
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

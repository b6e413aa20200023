"""A run in GitHub's actions, or for GitLab, leaves there what these show."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.matrix.miner.runner import QUICK_MINER
from tests.support.miners import forked_miner
from tests.support.shell import Shell

ONE_JOB = "tests/e2e/async_inference/test_async_inference.py"


def test_findings_are_annotations_summary_and_issues(tmp_path: Path) -> None:
    shell, summary, issues = Shell(tmp_path), tmp_path / "summary.md", tmp_path / "issues.json"
    junit = tmp_path / "junit.xml"
    with forked_miner([*QUICK_MINER, "--fault", "no-end-time"], tmp_path / "log") as url:
        ran = shell.suite(
            ONE_JOB,
            f"--code-quality={issues}",
            f"--junitxml={junit}",
            ASYNC_MINER_URL=url,
            GITHUB_ACTIONS="true",
            GITHUB_STEP_SUMMARY=str(summary),
        )
    assert ran.code == 1, ran.output
    assert "\n::error title=POL-6 A job that ended has an end time::POL-6 job_001" in ran.output
    assert "asyncproof explain POL-6" in ran.output
    assert f"curl -sS {url}/inference" in ran.output
    assert "| MUST POL-6 | A job that ended has an end time |" in summary.read_text()
    assert "POL-6" in {issue["check_name"] for issue in json.loads(issues.read_text())}
    properties = {p.get("name"): p.get("value") for p in ET.parse(junit).iter("property")}
    assert (properties["target"], properties["outcome"]) == (url, "FAIL")
    assert int(properties["jobs"] or 0) >= 1


def test_a_run_elsewhere_says_nothing_of_the_kind(tmp_path: Path) -> None:
    with forked_miner(QUICK_MINER, tmp_path / "log") as url:
        ran = Shell(tmp_path).suite(ONE_JOB, ASYNC_MINER_URL=url, GITHUB_ACTIONS="")
    assert ran.code == 0, ran.output
    assert "::" not in ran.output.replace("::test_", "")

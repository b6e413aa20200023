"""The commands over several runs: what they read, print, write, and end with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncproof.cli.main import cli
from asyncproof.harness.history_file import HistoryWriter
from tests.support.histories import good_job, scenario


def a_run(reports: Path, name: str, broken: int = 0, **more: Any) -> Path:
    folder = reports / name
    folder.mkdir(parents=True)
    told = [{"clause": "CBK-1", "level": "MUST", "text": "CBK-1 job_001: expected one"}]
    content = {
        "outcome": "FAIL" if broken else "PASS",
        "target": "http://miner",
        "findings": told * broken,
        "clauses": {"CBK-1": {"judged": 3, "broken": broken}},
        "jobs": 3,
        "timings": {"work": {"p95": 0.25}},
        **more,
    }
    (folder / "verdict.json").write_text(json.dumps(content))
    with HistoryWriter(folder / "history.ndjson") as history:
        for event in scenario(*(good_job(f"job_{n}") for n in range(6))):
            history.append(event)
    return folder


def ran(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_a_new_finding_is_told_and_ends_with_1(tmp_path: Path) -> None:
    good, bad = a_run(tmp_path, "a"), a_run(tmp_path, "b", broken=2)
    result = ran("compare", good, bad / "verdict.json")
    assert result.exit_code == 1
    assert "new                 CBK-1   0 → 2" in result.output
    assert "no difference to be seen" in result.output
    assert ran("compare", bad, good).exit_code == 0


def test_a_comparison_in_every_form(tmp_path: Path) -> None:
    runs = [a_run(tmp_path, "a"), a_run(tmp_path, "b", broken=1), a_run(tmp_path, "c")]
    data = json.loads(ran("compare", *runs, "--json").output)
    assert [run["name"] for run in data["runs"]] == ["a", "b", "c"]
    assert data["clauses"][0]["change"] == "in between only"
    assert "| work | b |" in ran("compare", *runs, "--markdown").output
    page = tmp_path / "page.html"
    ran("compare", *runs, "--html", page)
    assert 'href="b/report.html"' in page.read_text()


def test_runs_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    one, other = a_run(tmp_path / "x", "run"), a_run(tmp_path / "y", "run")
    assert f"{other}: PASS" in ran("compare", one, other).output


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"outcome": "PASS", "findings": 3}'])
def test_what_is_no_verdict_is_a_usage_error(tmp_path: Path, content: str) -> None:
    good = a_run(tmp_path, "a")
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    result = ran("compare", good, bad)
    assert result.exit_code == 2
    assert "bad.json: it is not a verdict" in result.output


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    assert ran("compare", a_run(tmp_path, "a")).exit_code == 2


def test_the_history_of_a_folder_is_a_page(tmp_path: Path) -> None:
    a_run(tmp_path, "a")
    a_run(tmp_path, "b", broken=1)
    (tmp_path / "capabilities").mkdir()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "verdict.json").write_text('{"outcome"')
    result = ran("history", tmp_path)
    assert result.exit_code == 0
    assert "FLAKY CBK-1: broken in 1 of 2 runs" in result.output
    assert "0.250 s" in (tmp_path / "index.html").read_text()
    assert len(json.loads(ran("history", tmp_path, "--json").output)["runs"]) == 2
    assert "| b |" in ran("history", tmp_path, "--markdown").output


def test_a_verdict_of_an_older_version_is_completed_from_its_history(tmp_path: Path) -> None:
    folder = a_run(tmp_path, "a")
    content = json.loads((folder / "verdict.json").read_text())
    del content["timings"], content["jobs"]
    (folder / "verdict.json").write_text(json.dumps(content))
    (run,) = json.loads(ran("history", tmp_path, "--json").output)["runs"]
    assert run["jobs"] == 6
    assert run["timings"]["work"]["p95"] == pytest.approx(1.0)


def test_an_empty_folder_has_no_history(tmp_path: Path) -> None:
    assert ran("history", tmp_path).exit_code == 4


def test_a_history_without_a_report_gets_its_page(tmp_path: Path) -> None:
    """As after a kill, which leaves nothing but the history."""
    folder = a_run(tmp_path, "a")
    ran("recheck", folder, "--html")
    page = (folder / "report.html").read_text()
    assert "INCOMPLETE: the history ends in the middle of the run" in page
    assert "job_5" in page

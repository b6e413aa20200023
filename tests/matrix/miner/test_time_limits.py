"""A scenario ends within the time of its test; where pytest ends it, nothing of it goes on."""

import json
from pathlib import Path

import pytest

from asyncproof.harness.exit_codes import ExitCode
from tests.matrix.miner.row import Row
from tests.matrix.miner.runner import reported_by_commands as reported

ALONE = "test_hung_jobs.py::test_no_job_hangs_between_many_steps"
HEALTH = "test_health.py::test_health_while_work_is_done"
# Jobs hang, and the budgets of a hung job are longer than any test.
HANGS = ("--fault", "hang:42")
LONG_ONES = "JOB_TIMEOUT STEP_TIMEOUT FIRST_STEP_TIMEOUT PROCESS_TIMEOUT"
LONG = {f"ASYNC_{name}": "1000" for name in LONG_ONES.split()}


def later_events_of_earlier_jobs(folder: Path) -> list[str]:
    """What happened to the jobs of the first scenario after the last one had begun."""
    (history,) = folder.glob("reports/*/history.ndjson")
    events = [json.loads(line) for line in history.read_text().splitlines()]
    began = [n for n, event in enumerate(events) if event["type"] == "ScenarioStarted"]
    assert len(began) > 1
    first = {event.get("job") for event in events[: began[-1]]} - {None}
    assert first
    return [event["type"] for event in events[began[-1] :] if event.get("job") in first]


def test_a_scenario_ends_itself_before_pytest_would(tmp_path: Path) -> None:
    row = Row("", frozenset(), (ALONE,), HANGS, LONG, ("--timeout=16",))
    seen = reported(row, tmp_path)
    assert "ran out of time" in seen.output
    assert "from pytest-timeout" not in seen.output
    assert seen.clauses == set(), seen.output
    assert seen.exit_code == ExitCode.INCONCLUSIVE, seen.output


def test_nothing_goes_on_after_pytest_ended_a_test(tmp_path: Path) -> None:
    """The next test has its own jobs alone, and the run its verdict and its exit code."""
    row = Row("", frozenset(), (HEALTH, ALONE), HANGS, LONG, ("--timeout=1", "-s"))
    seen = reported(row, tmp_path)
    assert seen.output.count("from pytest-timeout") >= 2, seen.output
    assert later_events_of_earlier_jobs(tmp_path) == []
    assert "Task was destroyed" not in seen.output
    assert "ran out of time" in seen.output
    assert seen.exit_code == ExitCode.INCONCLUSIVE, seen.output


@pytest.mark.parametrize("quick", [(), ("--quick",)])
def test_a_dead_engine_ends_the_run_early_with_one_reason(
    tmp_path: Path, quick: tuple[str, ...]
) -> None:
    """Nothing that needs pictures is run after it; what needs none is."""
    short = dict.fromkeys(LONG, "1.5") | {"ASYNC_JOB_TIMEOUT": "4"}
    tests = ("test_secrecy.py", "test_submission.py", "test_polling.py")
    row = Row("", frozenset(), tests, ("--fault", "lora-kills-engine"), short, quick)
    seen = reported(row, tmp_path)
    assert seen.clauses >= {"HLT-3", "SCH-9"}, seen.output
    assert "the engine is dead since" in seen.output
    assert seen.output.count(" MUST HLT-3 ") == 1
    assert seen.output.count(" MUST SCH-9 ") == 1
    assert "unknown LoRA" in seen.output
    assert seen.exit_code == ExitCode.FINDINGS, seen.output

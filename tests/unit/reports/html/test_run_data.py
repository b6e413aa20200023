"""A scenario lasts as long as its jobs; looking at them once more later does not stretch it."""

from asyncproof.harness.verdict import Verdict
from asyncproof.history.events import Polled
from asyncproof.reports.html.run_data import run_data
from tests.support.histories import good_job, probed, scenario


def test_a_later_look_does_not_stretch_a_scenario() -> None:
    events = scenario(good_job("job_001"), good_job("job_002", at=0.5))
    later = Polled(at=60.0, job="job_001", took=0.01, status_code=200, status="completed")
    (found,) = run_data([*events, later], Verdict(())).index["scenarios"]
    assert found["ended"] == 2.2
    assert found["told"].startswith("2 of 2 jobs completed in 2.2 s (0.9 a second)")


def test_a_scenario_of_requests_alone_lasts_to_its_end() -> None:
    (found,) = run_data(scenario([probed("health", 200, at=4.0)]), Verdict(())).index["scenarios"]
    assert found["told"] == "requests only, no jobs, 4.0 s"

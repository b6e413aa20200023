"""A run against a real miner of which some jobs hang."""

from pathlib import Path

from asyncproof.history.job_health import JobHealth
from asyncproof.history.recorder import Recorder
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.workload.scenario import a_job, burst
from tests.support.miners import forked_miner

BUDGET = 1.5
LONG = 500.0
MINER = ["--fault", "hang:42", "--trigger", "every:4", "--workers", "4", "--job-seconds", "0.5"]


def test_hung_jobs_are_given_up_with_their_budget_while_the_others_end(tmp_path: Path) -> None:
    """Every fourth job hangs; nobody waits for it until the whole time of a job is up."""
    settings = Settings().override_variables(
        {
            "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
            "ASYNC_CALLBACK_DIR": str(tmp_path / "callbacks"),
            "ASYNC_IMAGE_SIZE": "64x64",
            "ASYNC_POLL_INTERVAL": "0.1",
            "ASYNC_JOB_TIMEOUT": str(LONG),
            "ASYNC_STEP_TIMEOUT": str(BUDGET),
        }
    )
    with (
        forked_miner(MINER) as url,
        Testbed.open(settings, url, Recorder(tmp_path), seed=1) as testbed,
    ):
        history = testbed.run(burst([a_job(seed) for seed in range(8)]))
    hung = [job for job in history if job.gave_up]
    assert len(hung) == 2
    assert all(job.completed for job in history if job not in hung)
    for job in hung:
        (waiting,) = job.gave_up
        assert waiting.diagnosis
        assert waiting.diagnosis.life is JobHealth.STALLED
        assert waiting.diagnosis.progress == 42
        assert waiting.diagnosis.still > BUDGET
        assert waiting.waited < LONG / 2

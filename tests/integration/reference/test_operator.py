"""What an operator gets: the slots, the metrics, a settings file, and no nonsense."""

from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reference.miner.config import from_file
from reference.miner.settings import Settings, SettingsError, configured
from tests.integration.reference.conftest import StartMiner, until

SUPERVISED = (
    *("--inference-step-timeout", "1", "--first-step-timeout", "1", "--attempts", "1"),
    *("--tick", "0.1", "--heartbeat", "0.1", "--replacement-cooldown", "0"),
)


def test_a_hang_shows_in_workers_metrics_and_the_log(start_miner: StartMiner) -> None:
    """Slots with launches, ages and states; what hangs most; counters; one complete line."""
    miner = start_miner("--fault", "hang:42", *SUPERVISED)
    job_id = miner.submit()

    status = miner.ended(job_id)
    until(lambda: "replaced successfully" in miner.log.read_text(), "the replacement")
    workers = miner.get("/workers").json()
    families = text_string_to_metric_families(miner.get("/metrics").text)
    metrics = {sample.name: sample.value for family in families for sample in family.samples}

    assert status["status"] == "failed"
    assert "was silent" in status["error"]
    assert workers["hangs"] == [{"model": "base", "stage": "inferring", "percent": 42, "count": 1}]
    assert workers["books"].items() >= {"submitted": 1, "completed": 0, "faulted": 1}.items()
    assert sum(worker["replacements"] for worker in workers["workers"]) == 1
    assert {worker["state"] for worker in workers["workers"]} == {"waiting"}
    assert all(psutil.pid_exists(worker["pid"]) for worker in workers["workers"])
    assert metrics["reference_miner_stalls_total"] == 1
    assert metrics["reference_miner_replacements_total"] == 1
    assert metrics["reference_miner_jobs_faulted_total"] == 1
    assert f"Progress: 42%, Job: {job_id}" in miner.log.read_text()


def test_when_every_slot_rests_the_miner_says_that_it_is_not_healthy(
    start_miner: StartMiner,
) -> None:
    """/health and submissions answer 503; the slots say why."""
    miner = start_miner(
        "--workers", "1", "--quarantine-failures", "1", "--fault", "crash", *SUPERVISED
    )
    assert miner.get("/health").json()["status"] == "healthy"

    miner.ended(miner.submit())

    until(lambda: miner.get("/health").status_code == 503, "the miner to say so")
    assert miner.get("/health").json()["status"] == "unhealthy"
    assert miner.post("/inference", {"prompt": "x"}).status_code == 503
    assert miner.get("/workers").json()["workers"][0]["state"] == "quarantined"


def test_a_file_sets_what_flags_do_not(start_miner: StartMiner, tmp_path: Path) -> None:
    """By the names of the document; flags win."""
    file = tmp_path / "miner.yaml"
    file.write_text("workers: 3\ninference_step_timeout: 450\njob_seconds: 9\n")

    miner = start_miner("--config", str(file))

    assert miner.get("/health").json()["workers"] == 3
    assert miner.get("/workers").json()["workers"][0]["budget"] == Settings().process_timeout
    assert miner.ended(miner.submit())["status"] == "completed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "inference_step_timeout: -5",
            "inference_step_timeout must be between 0.1 and 86400, not -5",
        ),
        ("inference_step_timeout: soon", "inference_step_timeout must be a number (between"),
        ("workers: 1.5", "workers must be a whole number (between 1 and 64), not 1.5"),
        ("workers: true", "workers must be a number"),
        ("workers: .inf", "workers must be between 1 and 64, not inf"),
        ("tick: .nan", "tick must be between 0.01 and 60, not nan"),
        ("host: 5", "host must be text, not 5"),
        ("hardware: [high-end]", "hardware must be one of high-end, mid-range, low-end, not ["),
        (
            "inference_timeout_step: 5",
            "inference_timeout_step is not a setting; expected one of host, port",
        ),
        (
            "hardware: mid-end",
            "hardware must be one of high-end, mid-range, low-end, not 'mid-end'",
        ),
        ("- 5", "must contain names and values"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_nonsense_in_a_file_is_refused_with_what_is_allowed(
    tmp_path: Path, text: str, words: str
) -> None:
    """The name, the value, the range."""
    file = tmp_path / "miner.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        configured(Settings(), from_file(file))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "seconds"), [("high-end", 600.0), ("mid-range", 900.0), ("low-end", 1200.0)]
)
def test_a_class_of_device_gives_the_step_timeout_to_start_from(name: str, seconds: float) -> None:
    """Unless the timeout itself is given."""
    assert configured(Settings(), {"hardware": name}).inference_step_timeout == seconds
    given = {"hardware": name, "inference_step_timeout": 5}
    assert configured(Settings(), given).inference_step_timeout == 5.0


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    """Nor does one that holds comments only."""
    file = tmp_path / "miner.yaml"
    file.write_text("# nothing yet\n")
    assert configured(Settings(), from_file(file)) == Settings()

"""The manifests of deploy/, applied to a real API server and run by the stand-in node."""

from pathlib import Path
from typing import Any

from tests.kubernetes.cluster import RIGHTS, RealCluster
from tests.kubernetes.manifests import address, rendered
from tests.support.runs import declare
from tests.support.waiting import until

Object = dict[str, Any]
PARTS = 4
TESTS = 24


def apply(cluster: RealCluster, objects: list[Object]) -> Object:
    """As an administrator would; the last of them as the server took it."""
    made: Object = {}
    for each in objects:
        if each["kind"] not in RIGHTS:  # these are there since the cluster is
            made = cluster.as_admin("POST", *address(each), body=each)
    return made


def outcome(cluster: RealCluster, job: str) -> str:
    """``Complete`` or ``Failed``, once the Job is one of them."""

    def conditions() -> list[str]:
        found = cluster.as_admin("GET", "batch/v1", f"jobs/{job}")
        told = found.get("status", {}).get("conditions") or ()
        return [each["type"] for each in told if each["status"] == "True"]

    until(f"the end of Job {job}", lambda: bool(conditions()))
    return conditions()[0]


LOOKS_AROUND = """
import os
def test_the_miner_is_named_and_can_call_back():
    assert os.environ["ASYNC_MINER_URL"] == "http://miner.example:8091"
    assert os.environ["ASYNC_CALLBACK_BASE_URL"] == "http://127.0.0.1:8092"
    assert os.environ["ASYNC_CALLBACK_BIND_HOST"] == "0.0.0.0"
"""


def test_the_coordinator_runs_a_suite_from_inside(
    real_cluster: RealCluster, tmp_path: Path
) -> None:
    """By its own service account's token and no more rights than deploy/ gives it."""
    pytest_arguments = [str(tmp_path / "small" / "test_it.py"), f"--rootdir={tmp_path}"]
    needs = {"pytest": pytest_arguments, "memory": "64 MiB"}
    suites = declare(tmp_path, {"small": LOOKS_AROUND}, small=needs)
    objects = rendered("coordinator", "suite:1", ASYNC_MINER_URL="http://miner.example:8091")
    container = objects[-1]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"][-2:] == ["e2e", "worker"]
    container["command"][-2:] = ["small", f"--suites={suites}"]

    apply(real_cluster, objects)

    ended = outcome(real_cluster, "coordinator")
    (pod,) = real_cluster.pods("coordinator")
    said = real_cluster.log(pod["metadata"]["name"])
    assert ended == "Complete", said
    assert "1 of 1 suites green; exit code 0" in said
    assert pod["spec"]["serviceAccountName"] == "coordinator"


COUNTS = f"""
import os, pathlib, pytest
@pytest.mark.parametrize("n", range({TESTS}))
def test_one(n):
    with (pathlib.Path(__file__).parent / "ran").open("a") as ran:
        ran.write(f"{{os.environ.get('JOB_COMPLETION_INDEX')}} {{n}}\\n")
"""


def shards(folder: Path, name: str) -> list[Object]:
    """``deploy/shards`` under another name, for tests that note which pod ran them."""
    (folder / "test_it.py").write_text(COUNTS)
    config, job = rendered("shards", "suite:1")
    config["metadata"]["name"] = job["metadata"]["name"] = name
    container = job["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"][0]["configMapRef"]["name"] = name
    assert container["command"][-1] == "tests/e2e/async_inference"
    container["command"][-1:] = [str(folder / "test_it.py"), f"--rootdir={folder}"]
    return [config, job]


def test_an_indexed_job_runs_nothing_where_there_are_no_indices(
    real_cluster: RealCluster, tmp_path: Path
) -> None:
    """Kubernetes 1.20 drops the field that it does not know. Each of four pods without an index
    would run all tests; they refuse, and the Job fails."""
    made = apply(real_cluster, shards(tmp_path, "unindexed"))

    assert "completionMode" not in made["spec"]
    assert outcome(real_cluster, "unindexed") == "Failed"
    failed = [p for p in real_cluster.pods("unindexed") if p["status"]["phase"] == "Failed"]
    assert failed
    said = [real_cluster.log(pod["metadata"]["name"]) for pod in failed]
    assert all("JOB_COMPLETION_INDEX is not set here" in log for log in said), said
    assert not (tmp_path / "ran").exists()


def test_the_pods_of_an_indexed_job_run_each_test_once(
    real_cluster: RealCluster, tmp_path: Path
) -> None:
    """With the indices that a later Job controller gives, here given by the stand-in node."""
    real_cluster.node.indexed["indexed"] = 0

    apply(real_cluster, shards(tmp_path, "indexed"))

    ended = outcome(real_cluster, "indexed")
    logs = [real_cluster.log(p["metadata"]["name"]) for p in real_cluster.pods("indexed")]
    assert ended == "Complete", logs
    assert len(logs) == PARTS
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    assert sorted(int(test) for _, test in ran) == list(range(TESTS))
    assert {index for index, _ in ran} == {str(n) for n in range(PARTS)}

"""The Kubernetes backend against an API that lies, breaks off, refuses and loses pods."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.exit_reason import ProcessEnd, Reason
from asyncproof.coordinator.kubernetes.api import ApiError, connect, pause
from asyncproof.coordinator.kubernetes.backend import Cleanup, KubernetesBackend, PodBudgets
from asyncproof.coordinator.kubernetes.spec import PodOptions, job, job_name, labels
from asyncproof.coordinator.result import SuiteResult, conclude
from asyncproof.coordinator.run import read_record
from asyncproof.coordinator.suites import Shard, Suite
from tests.support.fake_cluster import (
    FakeCluster,
    ended,
    frames,
    pod,
    refusal,
    serving,
    stamped,
)
from tests.unit.coordinator.test_build import whole

BUDGETS = PodBudgets(begin=20, drain=0.4, unreachable=1, pause=0.01)
IMPATIENT = replace(BUDGETS, begin=0.3)
GREEN = [msgspec.to_builtins(event) for event in whole(["passed", "passed"])]
RED = [msgspec.to_builtins(event) for event in whole(["passed", "failed"])]
LOG = ["first", "second", "", "last"]
END = {"exit_code": 0, "log_bytes": len("\n".join(LOG)) + 1}


def attempt(folder: Path, **suite: Any) -> SuiteAttempt:
    declared = Suite(pytest=("tests/unit",), name="unit", env={"URL": "{port.x}"}, ports=("x",))
    declared = msgspec.structs.replace(declared, **suite)
    return SuiteAttempt("run", declared, 1, folder, folder, 60.0, {"x": 4242})


def options(**changes: Any) -> PodOptions:
    return PodOptions(image="registry.example/suite:1", namespace="tests", **changes)


def green(**changes: Any) -> FakeCluster:
    """A suite that begins, runs and completes; ``changes`` say what goes wrong."""
    given: dict[str, Any] = {
        "pods": [None, pod("Pending"), pod("Running"), pod("Running"), ended(0)],
        "keeper": frames(GREEN, END),
        "suite": stamped(LOG),
    }
    return FakeCluster(**given | changes)


@dataclass
class Done:
    result: SuiteResult
    log: str


def run(
    folder: Path,
    fake: FakeCluster,
    cleanup: Cleanup = Cleanup.ALWAYS,
    budgets: PodBudgets = BUDGETS,
) -> Done:
    async def main() -> ProcessEnd:
        async with serving(fake) as cluster:
            backend = KubernetesBackend(cluster, options(), cleanup, budgets)
            return await asyncio.wait_for(backend.run(attempt(folder)), 30)

    told = asyncio.run(main())
    record, problem = read_record(folder / "events.ndjson")
    log = folder / "log.txt"
    problem = told.events_problem or problem
    result = conclude("unit", record, replace(told, events_problem=problem))
    return Done(result, log.read_text() if log.exists() else "")


def test_a_suite_that_completes_is_green_and_whole(tmp_path: Path) -> None:
    """Events and log are fetched before the pod goes, and then the Job is deleted."""
    fake = green()

    done = run(tmp_path, fake)

    assert done.result.green, done.result.ending
    assert done.result.ended.log.complete, done.result.ended.log.gaps
    assert done.log == "\n".join(LOG) + "\n"
    assert fake.deleted == ["unit-run-1"]


def test_streams_that_break_off_are_joined_without_a_gap_or_a_repetition(tmp_path: Path) -> None:
    done = run(tmp_path, green(cuts=[1, 2, 1, 3, 2, 4]))

    assert done.result.green, done.result.ending
    assert done.log == "\n".join(LOG) + "\n"
    assert done.result.ended.log.complete


def test_a_log_that_nobody_could_follow_is_read_at_the_end(tmp_path: Path) -> None:
    """Following gives nothing at all (exit 0, no line); the last read has it whole."""
    done = run(tmp_path, green(cuts=[0] * 1000))

    assert done.result.green
    assert done.log == "\n".join(LOG) + "\n"


def test_a_rotated_log_says_where_lines_are_missing(tmp_path: Path) -> None:
    done = run(tmp_path, green(cuts=[0] * 1000, suite_from=2))

    assert done.result.green, "the verdict does not hang on the log"
    assert "bytes were received" in " ".join(done.result.ended.log.gaps)


def test_missing_events_are_lost_results(tmp_path: Path) -> None:
    """A gap in the keeper's numbers cannot be green, though the end says exit code 0."""
    done = run(tmp_path, green(cuts=[0] * 1000, keeper_from=3))

    assert done.result.ending.reason is Reason.RESULTS_LOST
    assert "frames 0 to 2 are missing" in " ".join(done.result.ending.evidence)


def test_passing_trouble_of_the_api_is_tried_again(tmp_path: Path) -> None:
    done = run(tmp_path, green(failures=[429, 503, 500, 502, 504]))

    assert done.result.green
    assert "5 requests to the API had to be repeated meanwhile" in done.result.ending.evidence


def gone(*states: Any, **changes: Any) -> FakeCluster:
    """The pod disappears and takes its logs with it."""
    return green(pods=[*states, None], final_logs=False, **changes)


LOST_END = frames(GREEN, END)[:5]
WAITING = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
BAD_NAME = {"waiting": {"reason": "InvalidImageName", "message": "bad"}}
NO_NODE = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
PREEMPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
DEADLINE = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "late"}
BACKOFF = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "x"}
POD_QUOTA = {
    "type": "Warning",
    "reason": "FailedCreate",
    "message": 'pods "unit" is forbidden: exceeded quota: small',
    "involvedObject": {"uid": "job-uid"},
}
TAINTED = {
    "type": "Warning",
    "reason": "Preempted",
    "message": "by a more important pod",
    "involvedObject": {"uid": "u1"},
}
SIGKILLED = END | {"exit_code": None, "signal": 9}

ENDINGS: dict[str, tuple[FakeCluster, Reason, str]] = {
    "tests failed": (
        green(pods=[pod("Running"), ended(1)], keeper=frames(RED, END | {"exit_code": 1})),
        Reason.TESTS_FAILED,
        "1 of 2 tests",
    ),
    "killed for memory, exit code 0": (
        green(pods=[pod("Running"), ended(0, "OOMKilled")]),
        Reason.OUT_OF_MEMORY,
        "OOMKilled",
    ),
    "killed for memory inside, entry alive": (
        green(
            pods=[pod("Running"), ended(137)], keeper=frames(GREEN, SIGKILLED | {"oom_kills": 1})
        ),
        Reason.OUT_OF_MEMORY,
        "rose by 1",
    ),
    "killed, no word from the entry": (
        green(pods=[pod("Running"), ended(137)], keeper=[*LOST_END, *frames([], None)[1:]]),
        Reason.KILLED,
        "SIGKILL",
    ),
    "evicted while running": (
        green(
            pods=[pod("Running"), pod("Failed", reason="Evicted", message="low on memory")],
            keeper=LOST_END,
        ),
        Reason.EVICTED,
        "low on memory",
    ),
    "preempted": (
        green(pods=[pod("Running"), pod("Failed", conditions=[PREEMPTED])], keeper=LOST_END),
        Reason.PREEMPTED,
        "PreemptionByScheduler",
    ),
    "preempted and deleted, known from an event": (
        gone(pod("Running"), pod("Running"), keeper=LOST_END, events=[TAINTED]),
        Reason.PREEMPTED,
        "node-1",
    ),
    "deleted while running": (
        gone(pod("Running"), pod("Running"), keeper=LOST_END),
        Reason.NODE_LOST,
        "node-1",
    ),
    "deadline of the Job": (
        gone(pod("Running"), pod("Running"), keeper=LOST_END, conditions=[DEADLINE]),
        Reason.DEADLINE,
        "DeadlineExceeded",
    ),
    "deadline inside": (
        green(
            pods=[pod("Running"), ended(134)],
            keeper=frames(GREEN[:6], {"signal": 6, "deadline": True}),
        ),
        Reason.DEADLINE,
        "SIGABRT",
    ),
    "never scheduled": (
        green(pods=[pod("Pending", conditions=[NO_NODE])]),
        Reason.UNSCHEDULABLE,
        "0/3 nodes are available",
    ),
    "never a pod": (green(pods=[None]), Reason.UNSCHEDULABLE, "the Job has no pod"),
    "no pod for want of quota": (
        green(pods=[None], events=[POD_QUOTA]),
        Reason.SUBMISSION_FAILED,
        "exceeded quota",
    ),
    "no image": (green(pods=[pod("Pending", suite=WAITING)]), Reason.IMAGE_PULL, "no such image"),
    "no name of an image": (
        green(pods=[pod("Pending", suite=BAD_NAME)]),
        Reason.IMAGE_PULL,
        "InvalidImageName",
    ),
    "Job refused": (
        green(refusals=[refusal(403, "exceeded quota: count/jobs.batch")] * 9),
        Reason.SUBMISSION_FAILED,
        "count/jobs.batch",
    ),
    "a foreign Job of that name": (
        green(jobs={"unit-run-1": {"metadata": {"name": "unit-run-1", "labels": {}}}}),
        Reason.SUBMISSION_FAILED,
        "not part of this run",
    ),
    "API lost for good": (green(failures=[503] * 1000), Reason.SUBMISSION_FAILED, "503"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_is_told_as_what_it_is(tmp_path: Path, name: str) -> None:
    fake, reason, evidence = ENDINGS[name]

    done = run(tmp_path, fake, budgets=IMPATIENT)

    assert done.result.ending.reason is reason, done.result.ending
    assert evidence in " ".join(done.result.ending.evidence)
    assert not done.result.green


def test_a_job_that_says_failed_too_early_is_judged_by_its_pod(tmp_path: Path) -> None:
    """The Job is Failed while its pod runs; what counts is how the pod ends."""
    states = [pod("Running")] * 6 + [ended(0)]

    done = run(tmp_path, green(pods=states, conditions=[BACKOFF]))

    assert done.result.green, done.result.ending


OVER: Any = {"terminated": {"exitCode": 0, "reason": "Completed"}}
RUNS: Any = {"running": {}}
PROXY: Any = {"suite": OVER, "beside": {"events": OVER, "proxy": RUNS}}
SIDECARS: dict[str, FakeCluster] = {
    "that runs for ever": green(pods=[pod("Running"), pod("Running", **PROXY)]),
    "while the keeper still runs": green(
        pods=[pod("Running"), pod("Running", suite=OVER, beside={"events": RUNS, "proxy": RUNS})]
    ),
    "that kept the pod to the deadline of the Job": gone(
        pod("Running"), pod("Running", **PROXY), conditions=[DEADLINE]
    ),
    "that is evicted with the pod afterwards": green(
        pods=[pod("Running"), pod("Failed", reason="Evicted", suite=OVER)]
    ),
    "that fails afterwards": green(
        pods=[
            pod("Running"),
            pod("Failed", suite=OVER, beside={"proxy": {"terminated": {"exitCode": 143}}}),
        ],
        conditions=[BACKOFF],
    ),
}


@pytest.mark.parametrize("sidecar", SIDECARS)
def test_a_suite_that_ended_green_is_green_beside_a_sidecar(tmp_path: Path, sidecar: str) -> None:
    """Its container has ended and its last frame is in: nothing else in the pod matters."""
    fake = SIDECARS[sidecar]

    done = run(tmp_path, fake)

    assert done.result.green, done.result.ending
    assert fake.deleted == ["unit-run-1"], "or the sidecar would run on"


def test_a_sidecar_that_still_runs_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, green(pods=[pod("Running"), pod("Running", **PROXY)]))

    assert "still running after the suite had ended: proxy" in done.result.ending.evidence


def test_a_suite_that_failed_beside_a_sidecar_is_red_at_once(tmp_path: Path) -> None:
    failed: Any = {"terminated": {"exitCode": 1, "reason": "Error"}}
    states = [pod("Running"), pod("Running", suite=failed, beside={"proxy": RUNS})]

    done = run(tmp_path, green(pods=states, keeper=frames(RED, END | {"exit_code": 1})))

    assert done.result.ending.reason is Reason.TESTS_FAILED


def test_a_sidecar_that_runs_does_not_replace_a_last_frame(tmp_path: Path) -> None:
    """The keeper died with the suite: its events are waited for as long as they may drain."""
    done = run(tmp_path, green(pods=[pod("Running"), pod("Running", **PROXY)], keeper=LOST_END))

    assert done.result.ending.reason is Reason.EXITED_EARLY
    assert not done.result.green


INIT = {"name": "prepare", "state": {"terminated": {"exitCode": 7, "reason": "Error"}}}
INIT_PULL = {"name": "prepare", "state": WAITING}
UNPREPARED: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "fails": (pod("Failed", initContainerStatuses=[INIT]), Reason.RESULTS_LOST, "exit code 7"),
    "has no image": (
        pod("Pending", initContainerStatuses=[INIT_PULL]),
        Reason.IMAGE_PULL,
        "container prepare: ImagePullBackOff",
    ),
}


@pytest.mark.parametrize("what", UNPREPARED)
def test_an_init_container_that_keeps_the_suite_from_beginning_is_named(
    tmp_path: Path, what: str
) -> None:
    state, reason, evidence = UNPREPARED[what]

    done = run(tmp_path, green(pods=[state]), budgets=IMPATIENT)

    assert done.result.ending.reason is reason, done.result.ending
    assert evidence in " ".join(done.result.ending.evidence)


def test_what_a_dead_pod_wrote_before_counts(tmp_path: Path) -> None:
    """A pod that is deleted under way leaves the outcomes that were followed until then."""
    done = run(tmp_path, gone(pod("Running"), pod("Running"), keeper=frames(GREEN, None)[:7]))

    outcomes = [test.outcome.value for test in done.result.record.tests]
    assert outcomes[0] == "running when the suite died"
    assert done.result.ended.log.gaps


def test_a_job_created_by_a_try_whose_answer_was_lost_is_ours(tmp_path: Path) -> None:
    ours = {
        "metadata": {"name": "unit-run-1", "labels": labels(attempt(tmp_path)), "uid": "job-uid"}
    }

    assert run(tmp_path, green(jobs={"unit-run-1": ours})).result.green


def test_a_pod_of_another_uid_is_not_this_one(tmp_path: Path) -> None:
    states = [pod("Running"), ended(1, uid="u2"), ended(1, uid="u2")]

    done = run(tmp_path, green(pods=states, keeper=LOST_END))

    assert done.result.ending.reason is Reason.NODE_LOST


@pytest.mark.parametrize(
    ("cleanup", "code", "deleted"),
    [
        (Cleanup.ALWAYS, 1, True),
        (Cleanup.GREEN, 0, True),
        (Cleanup.GREEN, 1, False),
        (Cleanup.NEVER, 0, False),
    ],
)
def test_the_cleanup_policy_is_kept(
    tmp_path: Path, cleanup: Cleanup, code: int, deleted: bool
) -> None:
    fake = green(
        pods=[pod("Running"), ended(code)], keeper=frames(GREEN, END | {"exit_code": code})
    )

    run(tmp_path, fake, cleanup)

    assert bool(fake.deleted) is deleted


def served(fake: FakeCluster, work: Any) -> Any:
    async def main() -> Any:
        async with serving(fake) as cluster:
            backend = KubernetesBackend(cluster, options(), budgets=BUDGETS)
            return await asyncio.wait_for(work(backend), 30)

    return asyncio.run(main())


def test_a_cancelled_run_deletes_its_job(tmp_path: Path) -> None:
    fake = green(pods=[pod("Running")], keeper=LOST_END)

    async def cancel(backend: KubernetesBackend) -> None:
        task = asyncio.create_task(backend.run(attempt(tmp_path)))
        await fake.followed.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    served(fake, cancel)
    assert fake.deleted == ["unit-run-1"]


def test_reaping_deletes_the_jobs_of_the_run() -> None:
    fake = green(jobs={"unit-run-1": {"metadata": {"name": "unit-run-1"}}})

    assert served(fake, lambda backend: backend.reap("run")) == ["Job unit-run-1"]
    assert fake.deleted == ["unit-run-1"]


def test_no_usable_kubeconfig_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="--kubeconfig"):
        asyncio.run(connect("tests", kubeconfig=str(tmp_path / "none")))


def test_the_job_is_what_the_declaration_says(tmp_path: Path) -> None:
    """Limits, deadline, labels, no repetition by Kubernetes, and names that fit their limits."""
    suite = attempt(tmp_path, cores=0.5, memory="1 GiB", shard=Shard(2, 3), name="x" * 33)
    made = job(suite, options(secret="miner"))

    spec: Any = made["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 120)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": str(2**30)}
    assert "--coordinator-shard=2/3" in container["command"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["URL"] == "4242"
    assert env["COORDINATOR_EVENTS"] == "/run/suite/events.ndjson"
    real_run = "20261122-054507-a0168f"
    assert len(job_name(SuiteAttempt(real_run, suite.suite, 12, tmp_path, tmp_path, 1))) <= 63
    json.dumps(made)


@pytest.mark.parametrize(
    ("tries", "after", "seconds"), [(1, None, 0.5), (3, None, 2), (1, "7", 7), (9, "3600", 15)]
)
def test_pauses_between_tries_grow_and_heed_the_server(
    tries: int, after: str | None, seconds: float
) -> None:
    assert pause(tries, after) == seconds

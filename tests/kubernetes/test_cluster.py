"""The coordinator's Kubernetes backend, with its own rights, against a real control plane."""

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.build import TestOutcome
from asyncproof.coordinator.exit_reason import ProcessEnd, Reason
from asyncproof.coordinator.kubernetes.api import connect
from asyncproof.coordinator.kubernetes.backend import Cleanup, KubernetesBackend, PodBudgets
from asyncproof.coordinator.kubernetes.spec import PodOptions
from asyncproof.coordinator.result import SuiteResult, conclude
from asyncproof.coordinator.run import read_record
from asyncproof.coordinator.suites import Suite
from tests import ROOT
from tests.kubernetes.cluster import RealCluster
from tests.kubernetes.control_plane import NAMESPACE
from tests.kubernetes.node import MISSING, Fate
from tests.support.waiting import TIMEOUT, until

PASS = "def test_one(): print('said')\n"
SLOW = PASS + "import time\ndef test_slow(): time.sleep(600)\n"
BUDGETS = PodBudgets(begin=60, drain=20)


@dataclass(frozen=True, slots=True)
class Setup:
    """How one suite is run; ``options`` change the pod's."""

    cluster: RealCluster
    folder: Path

    def attempt(self, name: str, source: str, deadline: float = 100, **suite: Any) -> SuiteAttempt:
        path = self.folder / name / "test_it.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        rootdir = ("--rootdir", str(path.parent), "-p", "no:cacheprovider", "-s")
        declared = Suite(pytest=(str(path), *rootdir), name=name, memory="64 MiB")
        declared = msgspec.structs.replace(declared, **suite)
        run = self.folder.name.replace("_", "-").lower()[-30:].strip("-")
        out = self.folder / "out" / name
        return SuiteAttempt(run, declared, 1, out, self.folder, deadline)

    def run(
        self,
        attempt: SuiteAttempt,
        *,
        budgets: PodBudgets = BUDGETS,
        cleanup: Cleanup = Cleanup.ALWAYS,
        **options: Any,
    ) -> SuiteResult:
        ended = asyncio.run(self._run(attempt, budgets, cleanup, options))
        record, problem = read_record(attempt.events)
        problem = ended.events_problem or problem
        return conclude(attempt.suite.name, record, replace(ended, events_problem=problem))

    async def _run(
        self, attempt: SuiteAttempt, budgets: PodBudgets, cleanup: Cleanup, options: dict[str, Any]
    ) -> ProcessEnd:
        given = {"image": "suite:1", "namespace": NAMESPACE, "python": sys.executable} | options
        cluster = await connect(NAMESPACE, self.cluster.kubeconfig)
        try:
            backend = KubernetesBackend(cluster, PodOptions(**given), cleanup, budgets)
            return await asyncio.wait_for(backend.run(attempt), TIMEOUT)
        finally:
            await cluster.close()


@pytest.fixture
def setup(real_cluster: RealCluster, tmp_path: Path) -> Setup:
    return Setup(real_cluster, tmp_path)


def test_a_suite_that_completes(setup: Setup) -> None:
    """Green, with its whole log, and its Job is deleted."""
    attempt = setup.attempt("completes", PASS)

    result = setup.run(attempt)

    assert result.green, result.ending
    assert result.ended.log.complete, result.ended.log.gaps
    assert "said" in attempt.log.read_text()
    until("the Job's deletion", lambda: not setup.cluster.jobs("completes-"))


def test_a_suite_that_fails(setup: Setup) -> None:
    result = setup.run(setup.attempt("fails", PASS + "def test_two(): assert 0\n"))

    assert result.ending.reason is Reason.TESTS_FAILED
    assert [t.outcome.value for t in result.record.tests] == ["passed", "failed"]


def test_a_suite_past_its_own_deadline(setup: Setup) -> None:
    """The entry ends it, and the log says where it hung."""
    attempt = setup.attempt("late", SLOW, deadline=8)

    result = setup.run(attempt)

    assert result.ending.reason is Reason.DEADLINE
    assert result.record.count(TestOutcome.PASSED) == 1
    assert "test_slow" in attempt.log.read_text()


def test_a_job_past_the_deadline_of_the_job(setup: Setup) -> None:
    """The Job controller deletes the pod; what was followed until then counts."""
    result = setup.run(setup.attempt("overdue", SLOW), margin=-90)

    assert result.ending.reason is Reason.DEADLINE
    assert "DeadlineExceeded" in " ".join(result.ending.evidence)
    assert result.record.tests[0].outcome is TestOutcome.PASSED


def test_killed_for_memory_with_exit_code_0(setup: Setup) -> None:
    setup.cluster.befall("hungry", Fate.OOM_WITH_EXIT_0)

    result = setup.run(setup.attempt("hungry", PASS))

    assert result.ending.reason is Reason.OUT_OF_MEMORY
    assert result.ended.exit_code == 0


def test_evicted_while_running(setup: Setup) -> None:
    setup.cluster.befall("evicted", Fate.EVICTED)

    result = setup.run(setup.attempt("evicted", SLOW))

    assert result.ending.reason is Reason.EVICTED
    assert "low on resource" in " ".join(result.ending.evidence)


def test_never_scheduled(setup: Setup) -> None:
    attempt = setup.attempt("huge", PASS, cores=64)

    result = setup.run(attempt, budgets=replace(BUDGETS, begin=3))

    assert result.ending.reason is Reason.UNSCHEDULABLE
    assert "Insufficient cpu" in " ".join(result.ending.evidence)


def test_an_image_that_cannot_be_pulled(setup: Setup) -> None:
    attempt = setup.attempt("imageless", PASS)

    result = setup.run(attempt, budgets=replace(BUDGETS, begin=3), image=MISSING)

    assert result.ending.reason is Reason.IMAGE_PULL


def test_logs_that_stop_early(setup: Setup) -> None:
    """Every following read ends after three lines as if all were well; nothing is lost."""
    setup.cluster.befall("quiet", Fate.LOGS_STOP_EARLY)
    attempt = setup.attempt(
        "quiet", "def test_one():\n    for n in range(200): print('\\nline', n, end='')\n"
    )

    result = setup.run(attempt)

    assert result.green, result.ending
    assert result.ended.log.complete, result.ended.log.gaps
    lines = [line for line in attempt.log.read_text().splitlines() if line.startswith("line")]
    assert [int(line.split()[1].rstrip(".")) for line in lines] == list(range(200))


def quota(cluster: RealCluster, name: str, hard: dict[str, str]) -> None:
    body = {"metadata": {"name": name}, "spec": {"hard": hard}}
    whole = {"apiVersion": "v1", "kind": "ResourceQuota", **body}
    cluster.as_admin("POST", "v1", "resourcequotas", body=whole)

    def counted() -> bool:
        found = cluster.as_admin("GET", "v1", f"resourcequotas/{name}")
        return "hard" in (found.get("status") or {})

    until("the quota to be in force", counted)


def test_a_quota_that_refuses_the_job(setup: Setup) -> None:
    quota(setup.cluster, "jobless", {"count/jobs.batch": "0"})
    try:
        result = setup.run(setup.attempt("refused", PASS))
    finally:
        setup.cluster.as_admin("DELETE", "v1", "resourcequotas/jobless")

    assert result.ending.reason is Reason.SUBMISSION_FAILED
    assert "exceeded quota" in " ".join(result.ending.evidence)


def test_a_quota_that_refuses_the_pod(setup: Setup) -> None:
    """The Job exists and never gets a pod; the reason is in its events."""
    quota(setup.cluster, "podless", {"pods": "0"})
    try:
        attempt = setup.attempt("podless", PASS)
        result = setup.run(attempt, budgets=replace(BUDGETS, begin=5))
    finally:
        setup.cluster.as_admin("DELETE", "v1", "resourcequotas/podless")

    assert result.ending.reason is Reason.SUBMISSION_FAILED
    assert "exceeded quota" in " ".join(result.ending.evidence)


def test_a_job_that_nobody_deletes_goes_by_its_ttl(setup: Setup) -> None:
    attempt = setup.attempt("kept", PASS)

    result = setup.run(attempt, cleanup=Cleanup.NEVER, ttl=1)

    assert result.green
    until("the end of the Job's time", lambda: not setup.cluster.jobs("kept-"))


def test_the_version_that_this_was_verified_on(real_cluster: RealCluster) -> None:
    """The documentation names it."""
    text = (ROOT / "docs" / "parallel.md").read_text()

    assert real_cluster.plane.version in text

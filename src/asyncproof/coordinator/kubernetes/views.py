"""What the API says about a Job and a pod, as values instead of dicts. Pure."""

from dataclasses import dataclass
from typing import Any

from asyncproof.coordinator.kubernetes.spec import SIDECAR, SUITE

TERMINAL = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class ContainerView:
    """One container: waiting (``reason`` says why), running, or terminated with an exit code."""

    state: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod, with the states of its containers by name, those that only prepare it included.

    ``unscheduled`` is the scheduler's message while it finds no node; ``disruption`` the reason of
    the condition ``DisruptionTarget`` (Kubernetes 1.26 and later).
    """

    name: str
    uid: str
    phase: str = ""
    reason: str = ""
    message: str = ""
    node: str = ""
    deleting: bool = False
    unscheduled: str = ""
    disruption: str = ""
    containers: tuple[tuple[str, ContainerView], ...] = ()

    @property
    def suite(self) -> ContainerView:
        return dict(self.containers).get(SUITE, ContainerView())

    @property
    def sidecar(self) -> ContainerView:
        return dict(self.containers).get(SIDECAR, ContainerView())

    @property
    def suite_over(self) -> bool:
        """The suite's own container has ended; others may still run in the pod."""
        return self.over or self.suite.state == "terminated"

    @property
    def others_running(self) -> tuple[str, ...]:
        """Containers that are not ours and still run, such as sidecars that a cluster adds."""
        return tuple(
            name
            for name, container in self.containers
            if container.state == "running" and name not in (SUITE, SIDECAR)
        )

    @property
    def over(self) -> bool:
        """None of its containers is running."""
        return self.phase in TERMINAL


@dataclass(frozen=True, slots=True)
class JobView:
    """A Job. ``failed`` is the reason of its condition Failed."""

    name: str = ""
    uid: str = ""
    complete: bool = False
    failed: str = ""
    message: str = ""


def pod_view(pod: dict[str, Any]) -> PodView:
    """Tolerant: missing parts are empty."""
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    conditions = {c.get("type"): c for c in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    disruption = conditions.get("DisruptionTarget") or {}
    unscheduled = scheduled.get("status") == "False"
    prepared, main = status.get("initContainerStatuses"), status.get("containerStatuses")
    statuses = (*(prepared or ()), *(main or ()))
    return PodView(
        name=metadata.get("name", ""),
        uid=metadata.get("uid", ""),
        phase=status.get("phase", ""),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        node=(pod.get("spec") or {}).get("nodeName", ""),
        deleting=bool(metadata.get("deletionTimestamp")),
        unscheduled=(scheduled.get("message") or "no node") if unscheduled else "",
        disruption=disruption.get("reason", "") if disruption.get("status") == "True" else "",
        containers=tuple((c.get("name", ""), _container_view(c)) for c in statuses),
    )


def _container_view(status: dict[str, Any]) -> ContainerView:
    for state, detail in (status.get("state") or {}).items():
        told = detail or {}
        return ContainerView(
            state, told.get("reason", ""), told.get("message", ""), told.get("exitCode")
        )
    return ContainerView()


def job_view(job: dict[str, Any]) -> JobView:
    metadata, status = job.get("metadata") or {}, job.get("status") or {}
    true = {c.get("type"): c for c in status.get("conditions") or () if c.get("status") == "True"}
    failed = true.get("Failed") or {}
    return JobView(
        name=metadata.get("name", ""),
        uid=metadata.get("uid", ""),
        complete="Complete" in true,
        failed=failed.get("reason", "") or ("Failed" if "Failed" in true else ""),
        message=failed.get("message", ""),
    )

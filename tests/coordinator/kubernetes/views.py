"""What the API says of a Job and of a pod, as values. Dicts stop here. Pure."""

from dataclasses import dataclass
from typing import Any

from tests.coordinator.kubernetes.spec import SUITE

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
    """A pod, with the states of its containers by name.

    ``unscheduled`` is what the scheduler says while it finds no node; ``disruption`` the reason of
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
    def over(self) -> bool:
        """Nothing of it runs any more."""
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
    """Tolerant: a part that the API leaves out is empty."""
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    conditions = {c.get("type"): c for c in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    disruption = conditions.get("DisruptionTarget") or {}
    unscheduled = scheduled.get("status") == "False"
    statuses = status.get("containerStatuses") or ()
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

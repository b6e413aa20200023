"""Why a suite in a pod does not begin, or how it ended. Pure.

A Job's status comes too early or too late (it may be Failed while the pod runs), and a pod can be
killed for memory with exit code 0. So the exit reason is judged by the Job's conditions, the pod's
reason, the container's state and the notes of the entry inside, together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from asyncproof.coordinator.exit_reason import ProcessEnd, Reason
from asyncproof.coordinator.kubernetes.spec import SUITE
from asyncproof.coordinator.kubernetes.views import ContainerView, JobView, PodView


class PodEnd(msgspec.Struct, frozen=True):
    """What the entry noted of the suite's end (``ended.json``)."""

    exit_code: int | None = None
    signal: int | None = None
    deadline: bool = False
    terminated: bool = False
    held_open: bool = False
    log_bytes: int = 0
    oom_kills: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a suite does not begin. ``final`` if waiting would not help."""

    reason: Reason
    told: str
    final: bool = False


_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_PULL_FINAL = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_REASONS = {
    "Evicted": Reason.EVICTED,
    "EvictionByEvictionAPI": Reason.EVICTED,
    "TerminationByKubelet": Reason.EVICTED,
    "Preempting": Reason.PREEMPTED,
    "Preempted": Reason.PREEMPTED,
    "PreemptionByScheduler": Reason.PREEMPTED,
    "NodeLost": Reason.NODE_LOST,
    "NodeShutdown": Reason.NODE_LOST,
    "Shutdown": Reason.NODE_LOST,
    "Terminated": Reason.NODE_LOST,
    "DeletionByTaintManager": Reason.NODE_LOST,
    "DeletionByPodGC": Reason.NODE_LOST,
    "TaintManagerEviction": Reason.NODE_LOST,
    "DeadlineExceeded": Reason.DEADLINE,
}


def trouble(pod: PodView | None, warnings: Sequence[str]) -> Trouble | None:
    """What keeps a suite from starting; None if nothing is known to.

    ``warnings`` are the messages of Warning events about the Job and the pod.
    """
    if pod is None:
        quota = [w for w in warnings if "exceeded quota" in w or "forbidden" in w]
        if quota:
            return Trouble(Reason.SUBMISSION_FAILED, quota[-1])
        told = warnings[-1] if warnings else "the Job has no pod"
        return Trouble(Reason.UNSCHEDULABLE, told)
    for name, container in pod.containers:
        found = _container_trouble(name, container)
        if found:
            return found
    if pod.unscheduled:
        return Trouble(Reason.UNSCHEDULABLE, pod.unscheduled)
    if pod.phase == "Pending":
        return Trouble(Reason.UNSCHEDULABLE, warnings[-1] if warnings else "the pod is pending")
    return None


def _container_trouble(name: str, container: ContainerView) -> Trouble | None:
    if container.state != "waiting":
        return None
    told = f"container {name}: {container.reason}: {container.message}".rstrip(": ")
    if container.reason in _PULL | _PULL_FINAL:
        return Trouble(Reason.IMAGE_PULL, told, final=container.reason in _PULL_FINAL)
    if container.reason in _CONFIG:
        return Trouble(Reason.SUBMISSION_FAILED, told)
    return None


def judge(
    job: JobView, pod: PodView | None, end: PodEnd | None, warnings: Sequence[str] = ()
) -> ProcessEnd:
    """How it ended. ``pod`` is its last known state, terminal or not."""
    told = tuple(_evidence(job, pod, end))
    ended = replace(_exit(pod, end), told=told)
    if _finished_by_itself(end):
        return ended
    cause = _cause(job, pod, end, warnings)
    if cause is not None:
        return replace(ended, cause=cause)
    if pod is None or not (pod.suite_over or end):
        return replace(ended, cause=Reason.NODE_LOST, told=(*told, *warnings))
    return ended


def _finished_by_itself(end: PodEnd | None) -> bool:
    """The suite exited by itself: what happened to its pod afterwards (a sidecar kept it until the
    Job's deadline, it was evicted) says nothing about the suite."""
    undisturbed = end is not None and not (end.deadline or end.terminated)
    return undisturbed and end is not None and end.exit_code is not None


def _cause(
    job: JobView, pod: PodView | None, end: PodEnd | None, warnings: Sequence[str]
) -> Reason | None:
    if end is not None and end.deadline:
        return Reason.DEADLINE
    if pod is not None:
        for word in (pod.disruption, pod.reason):
            if word in _REASONS:
                return _REASONS[word]
    if job.failed == "DeadlineExceeded":
        return Reason.DEADLINE
    if pod is None or pod.deleting or not pod.over:
        for word, reason in _REASONS.items():
            if any(warning.startswith(f"{word}:") for warning in warnings):
                return reason
    return None


def _exit(pod: PodView | None, end: PodEnd | None) -> ProcessEnd:
    killed_for_memory = pod is not None and pod.suite.reason == "OOMKilled"
    if end is not None:
        kills = max(end.oom_kills, int(killed_for_memory))
        return ProcessEnd(exit_code=end.exit_code, signal=end.signal, oom_kills=kills)
    code = pod.suite.exit_code if pod is not None else None
    if code is not None and code > 128:
        return ProcessEnd(signal=code - 128, oom_kills=int(killed_for_memory))
    return ProcessEnd(exit_code=code, oom_kills=int(killed_for_memory))


def _evidence(job: JobView, pod: PodView | None, end: PodEnd | None) -> list[str]:
    told = []
    if job.failed:
        told.append(f"Job {job.name}: {job.failed}: {job.message}")
    if pod is not None:
        state = pod.suite
        words = [w for w in (pod.phase, pod.reason, pod.message, pod.disruption) if w]
        told.append(f"pod {pod.name} ({pod.uid}) on {pod.node or 'no node'}: {', '.join(words)}")
        if state.state == "terminated":
            told.append(f"container: exit code {state.exit_code}, {state.reason or 'no reason'}")
        told += [
            f"container {name}: exit code {other.exit_code}, {other.reason or 'no reason'}"
            for name, other in pod.containers
            if name != SUITE and other.state == "terminated" and other.exit_code
        ]
        if pod.suite_over and pod.others_running:
            others = ", ".join(pod.others_running)
            told.append(f"still running after the suite had ended: {others}")
    if end is not None and end.terminated:
        told.append("the pod was asked to end (SIGTERM) while the suite ran")
    return told

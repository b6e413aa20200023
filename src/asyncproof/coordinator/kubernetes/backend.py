"""Runs suites as Kubernetes Jobs: creates, watches, collects, judges, cleans up."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.exit_reason import Log, ProcessEnd, Reason
from asyncproof.coordinator.kubernetes.api import ApiError, Cluster
from asyncproof.coordinator.kubernetes.collect import PodFiles, follow, read_again
from asyncproof.coordinator.kubernetes.judge import Trouble, judge, trouble
from asyncproof.coordinator.kubernetes.spec import PREFIX, PodOptions, job, job_name, selector
from asyncproof.coordinator.kubernetes.views import JobView, PodView, job_view, pod_view

WATCH = 5  # seconds after which a watch is reopened from a fresh list


class Cleanup(StrEnum):
    """Which Jobs are deleted once their results have arrived; the others expire by their TTL."""

    ALWAYS = "always"
    GREEN = "green"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class PodBudgets:
    """Seconds: ``begin`` for a pod to be scheduled and its image pulled, ``drain`` for a log stream
    to end after its container did, ``unreachable`` for the API to come back; ``pause`` between two
    tries of a cheap request."""

    begin: float = 120.0
    drain: float = 30.0
    unreachable: float = 120.0
    pause: float = 0.5


@dataclass(slots=True)
class _Seen:
    """What is known about one Job's pod."""

    began: float
    job: JobView = field(default_factory=JobView)
    pod: PodView | None = None
    gone: bool = False
    over_at: float | None = None
    warnings: tuple[str, ...] = ()

    def take(self, kind: str, pod: PodView) -> None:
        if self.pod is not None and pod.uid != self.pod.uid:
            return
        self.pod = pod
        self.gone = self.gone or kind == "DELETED"


@dataclass(frozen=True, slots=True)
class KubernetesBackend:
    """``now`` is a monotonic clock."""

    cluster: Cluster
    options: PodOptions
    cleanup: Cleanup = Cleanup.ALWAYS
    budgets: PodBudgets = PodBudgets()
    now: Callable[[], float] = time.monotonic

    @property
    def one_machine(self) -> bool:
        """Each pod has a network and files of its own."""
        return False

    async def run(self, attempt: SuiteAttempt) -> ProcessEnd:
        """Run the suite as a Job to its end; when cancelled, delete the Job."""
        began, retried = self.now(), self.cluster.retried
        try:
            created = job_view(await self.cluster.create_job(job(attempt, self.options)))
        except ApiError as error:
            return ProcessEnd(cause=Reason.SUBMISSION_FAILED, told=(str(error),))
        try:
            ended = await self._follow(attempt, _Seen(began, created))
        except asyncio.CancelledError:
            await asyncio.shield(self._delete(job_name(attempt)))
            raise
        if self._is_to_go(ended):
            await self._delete(job_name(attempt))
        told = ended.told
        if again := self.cluster.retried - retried:
            told = (*told, f"{again} requests to the API had to be repeated meanwhile")
        return replace(ended, told=told, took=self.now() - began)

    async def reap(self, run: str) -> list[str]:
        """Delete the Jobs of a dead coordinator's run, with their pods."""
        found = await self.cluster.request(
            "GET", "batch/v1", "jobs", params={"labelSelector": f"{PREFIX}/run={run}"}
        )
        names = [job_view(each).name for each in found.get("items") or ()]
        for name in names:
            await self._delete(name)
        return [f"Job {name}" for name in names]

    def _is_to_go(self, ended: ProcessEnd) -> bool:
        green = ended.exit_code == 0 and ended.cause is None and not ended.oom_kills
        return self.cleanup is Cleanup.ALWAYS or (self.cleanup is Cleanup.GREEN and green)

    async def _delete(self, name: str) -> None:
        background = {"propagationPolicy": "Background"}
        with suppress(ApiError):  # its TTL removes it later
            await self.cluster.request("DELETE", "batch/v1", f"jobs/{name}", params=background)

    async def _follow(self, attempt: SuiteAttempt, seen: _Seen) -> ProcessEnd:
        """Watch the pod until it is over, its streams drained or their time up."""
        collected: PodFiles | None = None
        following: asyncio.Task[None] | None = None
        unreachable_since: float | None = None
        try:
            while True:
                try:
                    await self._look(attempt, seen)
                    unreachable_since = None
                except ApiError as error:
                    unreachable_since = unreachable_since or self.now()
                    if self.now() - unreachable_since > self.budgets.unreachable:
                        return ProcessEnd(cause=Reason.RESULTS_LOST, told=(str(error),))
                if collected is None and seen.pod is not None and seen.pod.suite.state in _BEGUN:
                    collected = PodFiles(attempt, seen.pod.name, self.budgets.pause)
                    following = asyncio.create_task(follow(self.cluster, collected))
                blocked = await self._blocked(seen, begun=collected is not None)
                if blocked:
                    return ProcessEnd(cause=blocked.reason, told=(blocked.told,))
                if self._is_over(seen, collected):
                    await _end(following)
                    return await self._conclude(seen, collected)
                if self.now() - seen.began > self._longest(attempt):
                    told = "the cluster did not end the Job at its deadline"
                    return ProcessEnd(cause=Reason.DEADLINE, told=(told,))
        finally:
            await _end(following)

    async def _look(self, attempt: SuiteAttempt, seen: _Seen) -> None:
        """List, then watch for a while: a watch alone may end silently."""
        chosen = selector(attempt)
        pods = await self.cluster.request("GET", "v1", "pods", params={"labelSelector": chosen})
        views = [pod_view(pod) for pod in pods.get("items") or ()]
        for view in views:
            seen.take("MODIFIED", view)
        if seen.pod is not None and seen.pod.uid not in {view.uid for view in views}:
            seen.gone = True
        seen.job = await self._job(attempt) or seen.job
        if self._settled(seen) or not await self._watch(chosen, pods, seen):
            await asyncio.sleep(self.budgets.pause)

    async def _watch(self, chosen: str, pods: dict[str, Any], seen: _Seen) -> bool:
        """Whether anything changed within ``WATCH`` seconds. A broken watch does not count: the
        next list shows what it missed."""
        params = {
            "labelSelector": chosen,
            "watch": "true",
            "resourceVersion": str((pods.get("metadata") or {}).get("resourceVersion", "")),
            "timeoutSeconds": str(WATCH),
        }
        before = seen.pod
        with suppress(ApiError, ValueError):
            async with self.cluster.stream("pods", params) as lines:
                async for line in lines:
                    event = json.loads(line)
                    if event.get("type") in {"ADDED", "MODIFIED", "DELETED"}:
                        seen.take(event["type"], pod_view(event["object"]))
                    if seen.gone or seen.pod != before:
                        return True
        return False

    async def _job(self, attempt: SuiteAttempt) -> JobView | None:
        try:
            return job_view(
                await self.cluster.request("GET", "batch/v1", f"jobs/{job_name(attempt)}")
            )
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _longest(self, attempt: SuiteAttempt) -> float:
        return self.budgets.begin + attempt.deadline + self.options.margin + 2 * self.budgets.drain

    @staticmethod
    def _settled(seen: _Seen) -> bool:
        """The suite's own containers have ended. A sidecar may run for ever."""
        pod = seen.pod
        if seen.gone or pod is None:
            return seen.gone
        return pod.over or (pod.suite_over and pod.sidecar.state != "running")

    async def _blocked(self, seen: _Seen, *, begun: bool) -> Trouble | None:
        """Why the suite will not begin, once that is certain or its time is up."""
        if begun or self._settled(seen) or seen.job.failed:
            return None
        late = self.now() - seen.began > self.budgets.begin
        if late:
            seen.warnings = await self._warnings(seen)
        found = trouble(seen.pod, seen.warnings)
        if found and (found.final or late):
            waited = f"{self.now() - seen.began:.0f} s after it was submitted"
            return replace(found, told=f"{found.told} ({waited}; {await self._queue()})")
        return None

    async def _queue(self) -> str:
        """How many pods of the namespace are waiting and running."""
        try:
            pods = await self.cluster.request("GET", "v1", "pods")
        except ApiError:
            return "the queue could not be read"
        phases = [pod_view(pod).phase for pod in pods.get("items") or ()]
        return f"{phases.count('Pending')} pods pending, {phases.count('Running')} running here"

    async def _warnings(self, seen: _Seen) -> tuple[str, ...]:
        """Warning events about the Job and its pod, ``Reason: message``, oldest first."""
        uids = {seen.job.uid, seen.pod.uid if seen.pod else ""}
        try:
            events = await self.cluster.request("GET", "v1", "events")
        except ApiError:
            return ()
        return tuple(
            f"{event.get('reason')}: {event.get('message')}"
            for event in events.get("items") or ()
            if event.get("type") == "Warning" and event["involvedObject"].get("uid") in uids
        )

    def _is_over(self, seen: _Seen, collected: PodFiles | None) -> bool:
        """The suite is over and its events have arrived, or their time is up."""
        suite_over = seen.gone or (seen.pod is not None and seen.pod.suite_over)
        if suite_over and collected is not None and collected.frames.ended:
            return True
        job_over = bool(seen.job.failed or seen.job.complete)
        if not (self._settled(seen) or job_over):
            return False
        if seen.over_at is None:
            seen.over_at = self.now()
        if collected is None:
            return True
        return self.now() - seen.over_at > self.budgets.drain

    async def _conclude(self, seen: _Seen, collected: PodFiles | None) -> ProcessEnd:
        if collected is None:
            return judge(seen.job, seen.pod, None, await self._warnings(seen))
        problems = [] if seen.gone else await read_again(self.cluster, collected)
        collected.frames.last()
        end = collected.frames.end
        seen.warnings = await self._warnings(seen)
        gaps = collected.log.missing(end.log_bytes if end else 0)
        if end is not None and end.held_open:
            gaps = [*gaps, "a process held the output open after the suite ended"]
        if end is None:
            gaps = [*gaps, "the suite's container did not say how much it wrote"]
        ended = judge(seen.job, seen.pod, end, seen.warnings)
        return replace(
            ended,
            events_problem="" if not collected.frames.gaps else collected.frames.problem(),
            log=Log(str(collected.attempt.log), (*gaps, *problems)),
        )


async def _end(following: "asyncio.Task[None] | None") -> None:
    """Before the last read: two readers at once would take lines twice."""
    if following:
        following.cancel()
        await asyncio.wait([following])


_BEGUN = frozenset({"running", "terminated"})

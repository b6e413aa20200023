"""A Kubernetes API with one pod, scripted by a test and served over HTTP by kmock."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import kmock

from asyncproof.coordinator.kubernetes.api import Cluster, connect

Response: Any = kmock.Response  # type: ignore[attr-defined]  # not in its __all__
NAMESPACE = "tests"
Step = dict[str, Any]


def pod(phase: str, *, uid: str = "u1", **status: Any) -> Step:
    """A pod as the API shows it; ``suite`` is the state of the suite's container, ``beside`` are
    those of others by name."""
    suite = status.pop("suite", {"running": {}} if phase == "Running" else None)
    containers = [{"name": "suite", "state": suite}] if suite else []
    beside = status.pop("beside", {})
    containers += [{"name": name, "state": state} for name, state in beside.items()]
    metadata = {"name": "unit-run-1-abcde", "uid": uid}
    metadata |= status.pop("metadata", {})
    return {
        "metadata": metadata,
        "spec": {"nodeName": "node-1"},
        "status": {"phase": phase, "containerStatuses": containers, **status},
    }


def ended(code: int, reason: str = "", phase: str = "", **status: Any) -> Step:
    phase = phase or ("Failed" if code else "Succeeded")
    state = {
        "terminated": {"exitCode": code, "reason": reason or ("Error" if code else "Completed")}
    }
    return pod(phase, suite=state, **status)


@dataclass
class FakeCluster:
    """``pods`` are the states of the pod, one for each list (the last one stays; None is no pod).

    ``refusals`` are answers to the first requests that change something, before any is granted.
    ``keeper`` and ``suite`` are the whole logs; ``cuts`` says after how many lines each following
    read breaks off.
    """

    pods: list[Step | None]
    keeper: list[str] = field(default_factory=list)
    suite: list[str] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    refusals: list[Any] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    jobs: dict[str, Step] = field(default_factory=dict)
    events: list[Step] = field(default_factory=list)
    conditions: list[Step] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    followed: asyncio.Event = field(default_factory=asyncio.Event)
    final_logs: bool = True
    keeper_from: int = 0
    suite_from: int = 0

    async def answer(self, request: kmock.Request) -> Any:
        """Always with a status, because kmock keeps the last one for answers without."""
        given = self._answer(request)
        if isinstance(given, Response):
            return given
        return Response(status=200, payload=given)

    def _answer(self, request: kmock.Request) -> Any:  # noqa: PLR0911 (a table of routes)
        path = request.url.path.removesuffix("/").rpartition(f"/{NAMESPACE}/")[2]
        if request.url.path.startswith("/version"):
            return {"gitVersion": "v1.30.0"}
        if self.failures and request.params.get("watch") != "true":
            return Response(status=self.failures.pop(0), payload={"message": "try later"})
        method = request.method.name.upper()
        if path == "jobs" and method == "POST":
            return self._create(request.data)
        if path == "jobs":
            return {"items": list(self.jobs.values())}
        if path.startswith("jobs/"):
            return self._one_job(path.removeprefix("jobs/"), method)
        if path == "pods" and request.params.get("watch") == "true":
            return Response(status=200, payload=b"")
        if path == "pods":
            return self._pods()
        if path == "events":
            return {"items": self.events}
        assert path.endswith("/log"), path
        self.followed.set()
        return self._log(dict(request.params))

    def _create(self, body: Step) -> Any:
        if self.refusals:
            return self.refusals.pop(0)
        name = body["metadata"]["name"]
        if name in self.jobs:
            return _refusal(409, f'jobs.batch "{name}" already exists')
        self.jobs[name] = body
        body["metadata"]["uid"] = "job-uid"
        return body

    def _one_job(self, name: str, method: str) -> Any:
        if name not in self.jobs:
            return _refusal(404, f"{name} not found")
        if method == "DELETE":
            self.deleted.append(name)
            del self.jobs[name]
            return {}
        return self.jobs[name] | {"status": {"conditions": self.conditions}}

    def _pods(self) -> Step:
        now = self.pods.pop(0) if len(self.pods) > 1 else self.pods[0]
        return {"metadata": {"resourceVersion": "1"}, "items": [now] if now else []}

    def _log(self, params: dict[str, str]) -> Any:
        if params["follow"] == "false" and not self.final_logs:
            return _refusal(404, "the pod is gone")
        keeper = params["container"] == "events"
        lines = self.keeper if keeper else self.suite
        if params["follow"] == "false":
            lines = lines[self.keeper_from if keeper else self.suite_from :]
        elif self.cuts:
            lines = lines[: self.cuts.pop(0)]
        text = "".join(f"{line}\n" for line in lines)
        return Response(status=200, payload=text.encode())


def _refusal(status: int, message: str) -> Any:
    return Response(status=status, payload={"kind": "Status", "message": message})


refusal = _refusal


def stamped(lines: list[str]) -> list[str]:
    """Log lines as the API gives them with ``timestamps=true``."""
    return [
        f"2026-01-01T00:00:{n // 1000:02}.{n % 1000:03}000000Z {line}"
        for n, line in enumerate(lines)
    ]


def frames(events: list[dict[str, Any]], end: dict[str, Any] | None) -> list[str]:
    """What the keeper says of these events, as the API gives it."""
    lines = [f"E {n} {json.dumps(event)}" for n, event in enumerate(events)]
    return stamped([*lines, f"Z {len(lines)} {json.dumps(end)}"])


@asynccontextmanager
async def serving(fake: FakeCluster) -> AsyncIterator[Cluster]:
    """The fake on a port of its own, and a connection to it that does not wait between tries."""

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with kmock.RawHandler() as handler, kmock.Server(handler):
        handler.fallback << fake.answer
        with tempfile.NamedTemporaryFile("w", suffix=".json") as kubeconfig:
            kubeconfig.write(json.dumps(_kubeconfig(str(handler.url).rstrip("/"))))
            kubeconfig.flush()
            cluster = await connect(NAMESPACE, kubeconfig=kubeconfig.name)
            cluster.sleep = at_once
            try:
                yield cluster
            finally:
                await cluster.close()


def _kubeconfig(url: str) -> dict[str, Any]:
    named = {"cluster": "fake", "user": "fake", "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "contexts": [{"name": "fake", "context": named}],
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "fake", "user": {}}],
    }

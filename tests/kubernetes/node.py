"""A stand-in for a node: binds pods to itself and runs their containers as local processes.

It keeps the parts of a kubelet's contract that the coordinator relies on: container states, phases,
logs with timestamps and following, and deletion with a grace period. It does not isolate, pull
images or measure anything: a test says what is to happen to a pod (``Fate``).
"""

import asyncio
import base64
import os
import shutil
import signal
import ssl
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from asyncproof.coordinator.kubernetes.api import ApiError, Cluster
from asyncproof.coordinator.kubernetes.spec import PREFIX
from tests.kubernetes.container import Container, start
from tests.kubernetes.kubelet import Object, Process, Surroundings, configs_of, process

NAME = "stand-in"
CORES = 8.0
GRACE = 3.0  # seconds between SIGTERM and SIGKILL, where a pod asks for more
MISSING = "registry.invalid/missing:1"


class Fate(StrEnum):
    """What befalls the pod of a suite."""

    NONE = "none"
    OOM_WITH_EXIT_0 = "oom"
    EVICTED = "evicted"
    LOGS_STOP_EARLY = "logs stop early"


@dataclass(slots=True)
class Pod:
    """A pod that runs here."""

    fate: Fate
    folder: Path
    containers: dict[str, Container]
    drains: list["asyncio.Task[None]"]
    evicted: bool = False

    @property
    def ended(self) -> bool:
        return all(container.ended for container in self.containers.values())


@dataclass(slots=True)
class Node:
    """Works until cancelled. ``cluster`` has every right; ``fates`` are by the suite's name.

    ``indexed`` names Jobs whose pods get an index each, in the order of their start: what the Job
    controller does from Kubernetes 1.21 on.
    """

    cluster: Cluster
    workdir: Path
    fates: dict[str, Fate] = field(default_factory=dict)
    indexed: dict[str, int] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)

    async def work(self, certificate: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        application = web.Application()
        application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        try:
            await self._register(runner.addresses[0][1])
            while True:
                await self._look()
                await asyncio.sleep(0.1)
        finally:
            for pod in self.pods.values():
                await self._stop(pod, grace=0)
            await runner.cleanup()

    async def _register(self, port: int) -> None:
        node = {
            "metadata": {"name": NAME},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
        await _put(self.cluster, "POST", "nodes", {"kind": "Node", "apiVersion": "v1", **node})

    async def _look(self) -> None:
        found = await self.cluster.request("GET", "v1", "pods")
        for pod in found.get("items") or ():
            with suppress(ApiError):  # it may have gone meanwhile; the next look tells
                await self._attend(pod)

    async def _attend(self, pod: Object) -> None:
        name, phase = pod["metadata"]["name"], pod["status"].get("phase")
        if not pod["spec"].get("nodeName"):
            await self._schedule(pod)
        elif pod["metadata"].get("deletionTimestamp"):
            await self._delete(name)
        elif phase == "Pending" and name not in self.pods:
            await self._start(pod)
        elif phase == "Running" and name in self.pods:
            await self._report(pod)

    async def _schedule(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        wanted = sum(_cores(each) for each in pod["spec"]["containers"])
        if wanted > CORES:
            told = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
            message = f"0/1 nodes are available: 1 Insufficient cpu ({wanted:g} of {CORES:g})."
            pod["status"]["conditions"] = [told | {"message": message}]
            await self.cluster.request("PUT", "v1", f"pods/{name}/status", body=pod)
            return
        target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
        binding = {"metadata": {"name": name}, "target": target}
        body = {"apiVersion": "v1", "kind": "Binding", **binding}
        await self.cluster.request("POST", "v1", f"pods/{name}/binding", body=body)

    async def _start(self, pod: Object) -> None:
        name, labels = pod["metadata"]["name"], pod["metadata"]["labels"]
        if pod["spec"]["containers"][0]["image"] == MISSING:
            waiting = {"waiting": {"reason": "ImagePullBackOff", "message": f"no {MISSING}"}}
            await self._status(pod, "Pending", {c["name"]: waiting for c in _containers(pod)})
            return
        around = await self._surroundings(pod)
        containers = {
            each["name"]: await self._container(process(each, around), around.folder)
            for each in _containers(pod)
        }
        drains = [asyncio.create_task(each.drain()) for each in containers.values()]
        fate = self.fates.get(labels.get(f"{PREFIX}/suite", ""), Fate.NONE)
        self.pods[name] = Pod(fate, around.folder, containers, drains)
        await self._status(pod, "Running", {each: {"running": {}} for each in containers})

    async def _surroundings(self, pod: Object) -> Surroundings:
        folder = Path(tempfile.mkdtemp(prefix="pod-"))
        for volume in pod["spec"].get("volumes", ()):
            (folder / volume["name"]).mkdir()
        configs = {}
        for name in configs_of(pod):
            found = await self.cluster.request("GET", "v1", f"configmaps/{name}")
            configs[name] = found["data"]
        server = urlsplit(str(self.cluster.api.auth.server))
        node = {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(folder),
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }
        owner = pod["metadata"]["labels"].get("job-name", "")
        if owner in self.indexed:
            node["JOB_COMPLETION_INDEX"] = str(self.indexed[owner])
            self.indexed[owner] += 1
        return Surroundings(pod, folder, configs, node)

    async def _container(self, given: Process, folder: Path) -> Container:
        if not given.account:
            return await start(given, self.workdir)
        account = folder / given.account
        found = await self.cluster.request("GET", "v1", f"secrets/{given.account}")
        for key, value in found["data"].items():
            (account / key).write_bytes(base64.b64decode(value))
        return await start(given, self.workdir, account)

    async def _report(self, pod: Object) -> None:
        here = self.pods[pod["metadata"]["name"]]
        if here.fate is Fate.EVICTED and not here.evicted and _has_begun(here):
            here.evicted = True
            await self._stop(here, GRACE)
            pod["status"] |= {
                "reason": "Evicted",
                "message": "The node was low on resource: memory.",
            }
            await self._status(pod, "Failed", _terminated(here))
        elif here.ended:
            codes = [container.process.returncode for container in here.containers.values()]
            phase = "Failed" if any(codes) else "Succeeded"
            await self._status(pod, phase, _terminated(here))

    async def _status(self, pod: Object, phase: str, states: Object) -> None:
        pod["status"]["phase"] = phase
        pod["status"]["containerStatuses"] = [
            {
                "name": name,
                "state": state,
                "ready": "running" in state,
                "restartCount": 0,
                "image": "",
                "imageID": "",
            }
            for name, state in states.items()
        ]
        name = pod["metadata"]["name"]
        await self.cluster.request("PUT", "v1", f"pods/{name}/status", body=pod)

    async def _delete(self, name: str) -> None:
        pod = self.pods.get(name)
        if pod is not None and not pod.ended:
            await self._stop(pod, GRACE)
        at_once = {"gracePeriodSeconds": "0"}
        await self.cluster.request("DELETE", "v1", f"pods/{name}", params=at_once)

    async def _stop(self, pod: Pod, grace: float) -> None:
        for container in pod.containers.values():
            container.signal(signal.SIGTERM if grace else signal.SIGKILL)
        await asyncio.wait(pod.drains, timeout=grace or None)
        for container in pod.containers.values():
            container.signal(signal.SIGKILL)
        await asyncio.wait(pod.drains)
        shutil.rmtree(pod.folder, ignore_errors=True)

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        """As a kubelet's: from the start, on request with timestamps and following."""
        pod = self.pods.get(request.match_info["pod"])
        if pod is None:
            raise web.HTTPNotFound
        container = pod.containers[request.match_info["container"]]
        follow = request.query.get("follow") == "true"
        stamped = request.query.get("timestamps") == "true"
        stops_early = follow and pod.fate is Fate.LOGS_STOP_EARLY
        response = web.StreamResponse()
        await response.prepare(request)
        sent = 0
        while True:
            async with container.grown:
                while follow and not container.ended and sent == len(container.lines):
                    await container.grown.wait()
                new = container.lines[sent:]
            for line in new[:3] if stops_early else new:
                await response.write(line if stamped else line.partition(b" ")[2])
            sent += len(new)
            if not follow or stops_early or (container.ended and sent == len(container.lines)):
                return response


def _containers(pod: Object) -> list[Object]:
    return list(pod["spec"]["containers"])


def _cores(container: Object) -> float:
    cpu = container["resources"]["requests"]["cpu"]
    return float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)


def _has_begun(pod: Pod) -> bool:
    """A test has started, as far as the keeper has told."""
    return any(b'"Started"' in line for line in pod.containers["events"].lines)


def _terminated(pod: Pod) -> Object:
    states = {}
    for name, container in pod.containers.items():
        code = container.process.returncode or 0
        code = code if code >= 0 else 128 - code
        told = {"exitCode": code, "reason": "Error" if code else "Completed"}
        if pod.fate is Fate.OOM_WITH_EXIT_0 and name == "suite":
            told = {"exitCode": 0, "reason": "OOMKilled"}
        states[name] = {"terminated": told}
    return states


async def _put(cluster: Cluster, method: str, url: str, body: Object) -> None:
    """A request about something that is in no namespace."""
    async with cluster.api.call_api(method, "v1", url=url, json=body):
        pass

"""One control plane with one stand-in node for the session, in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asyncproof.coordinator.kubernetes.api import ApiError, Cluster, connect
from tests import ROOT
from tests.kubernetes.control_plane import (
    ADMIN,
    COORDINATOR,
    NAMESPACE,
    START_TIMEOUT,
    ControlPlane,
    control_plane,
)
from tests.kubernetes.manifests import address, rendered
from tests.kubernetes.node import Fate, Node

RIGHTS = frozenset({"ServiceAccount", "Role", "RoleBinding"})


@dataclass(frozen=True, slots=True)
class RealCluster:
    """``kubeconfig`` is that of the coordinator's account, with the rights of ``deploy/``."""

    plane: ControlPlane
    node: Node
    kubeconfig: str
    _loop: asyncio.AbstractEventLoop

    def befall(self, suite: str, fate: Fate) -> None:
        self.node.fates[suite] = fate

    def jobs(self, start: str = "") -> list[str]:
        """The names of the Jobs that begin so."""
        found = self.as_admin("GET", "batch/v1", "jobs")["items"]
        return [n for job in found if (n := job["metadata"]["name"]).startswith(start)]

    def pods(self, job: str) -> list[dict[str, Any]]:
        """The pods of a Job."""
        chosen = {"labelSelector": f"job-name={job}"}
        return list(self.as_admin("GET", "v1", "pods", params=chosen)["items"])

    def log(self, pod: str) -> str:
        """What a pod's only container has written."""
        work = self._log(pod)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _log(self, pod: str) -> str:
        async with self.node.cluster.stream(f"pods/{pod}/log", {}) as lines:
            return b"\n".join([line async for line in lines]).decode()

    def as_admin(self, method: str, version: str, url: str, **given: Any) -> dict[str, Any]:
        """A request with every right."""
        work = self.node.cluster.request(method, version, url, **given)
        future: Future[dict[str, Any]] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(60)


@pytest.fixture(scope="session")
def real_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealCluster]:
    binaries = request.config.getoption("--kubernetes-binaries", None)
    if binaries is None:
        pytest.skip("no control plane here: run make test-kubernetes")
    with control_plane(Path(binaries), tmp_path_factory.mktemp("cluster")) as plane:
        ready: Future[RealCluster] = Future()
        stop = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(_work(plane, ready, stop)))
        thread.start()
        try:
            yield ready.result(120)
        finally:
            stop.set()
            thread.join(60)


async def _work(plane: ControlPlane, ready: "Future[RealCluster]", stop: threading.Event) -> None:
    try:
        cluster = await connect(NAMESPACE, str(plane.kubeconfig(ADMIN)))
        await _prepare(cluster)
        node = Node(cluster, ROOT)
        working = asyncio.create_task(node.work(plane.certificate, plane.key))
        kubeconfig = str(plane.kubeconfig(COORDINATOR))
        ready.set_result(RealCluster(plane, node, kubeconfig, asyncio.get_running_loop()))
        await asyncio.to_thread(stop.wait)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await cluster.close()
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        raise


async def _prepare(cluster: Cluster) -> None:
    """The namespace, and in it the rights that deploy/ gives the coordinator."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    async with cluster.api.call_api("POST", "v1", url="namespaces", json=namespace):
        pass
    for each in rendered("coordinator", "suite:1"):
        if each["kind"] in RIGHTS:
            await cluster.request("POST", *address(each), body=each)
    for account in ("default", "coordinator"):
        await _until_usable(cluster, account)


async def _until_usable(cluster: Cluster, account: str) -> None:
    """Pods are refused until controllers have made their account and its token."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        with suppress(ApiError):
            found = await cluster.request("GET", "v1", f"serviceaccounts/{account}")
            if found.get("secrets"):
                return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"service account {account} has no token after {START_TIMEOUT:g} s")

"""Opens the backend that the command line asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from asyncproof.coordinator.local import LocalBackend
from asyncproof.coordinator.run import Backend
from asyncproof.coordinator.suites import SuitesError

INSTALL = "python -m pip install -r requirements_kubernetes.txt"


class BackendUnavailableError(Exception):
    """The backend cannot be reached at all; the message names the cure."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where to run. All but ``backend`` are for Kubernetes; ``drain`` and ``begin`` in seconds."""

    backend: str = "local"
    image: str = ""
    namespace: str = ""
    kubeconfig: str | None = None
    context: str | None = None
    service_account: str = ""
    secret: str = ""
    pull_policy: str = "IfNotPresent"
    cleanup: str = "always"
    begin: float = 120.0
    drain: float = 30.0


def check(where: Where) -> None:
    """Reject what cannot work before anything is started.

    Raises:
        SuitesError: an option is missing, or the library for the backend.
    """
    if where.backend == "local":
        return
    if not where.image or not where.namespace:
        raise SuitesError("--backend kubernetes needs --image and --namespace")
    try:
        import kr8s  # noqa: F401, PLC0415 (optional: see the message)
    except ImportError:
        raise SuitesError(f"--backend kubernetes needs kr8s: {INSTALL}") from None


@asynccontextmanager
async def open_backend(where: Where) -> AsyncIterator[Backend]:
    """The backend, connected.

    Raises:
        BackendUnavailableError: the cluster does not answer, or there are no credentials.
    """
    if where.backend == "local":
        yield LocalBackend()
        return
    # Imported here, because what it needs is optional.
    from asyncproof.coordinator.kubernetes.api import ApiError, connect  # noqa: PLC0415
    from asyncproof.coordinator.kubernetes.backend import (  # noqa: PLC0415
        Cleanup,
        KubernetesBackend,
        PodBudgets,
    )
    from asyncproof.coordinator.kubernetes.spec import PodOptions  # noqa: PLC0415

    options = PodOptions(
        image=where.image,
        namespace=where.namespace,
        service_account=where.service_account,
        secret=where.secret,
        pull_policy=where.pull_policy,
        hold=where.drain,
    )
    try:
        cluster = await connect(where.namespace, where.kubeconfig, where.context)
    except ApiError as error:
        raise BackendUnavailableError(str(error)) from error
    budgets = PodBudgets(begin=where.begin, drain=where.drain)
    try:
        yield KubernetesBackend(cluster, options, Cleanup(where.cleanup), budgets)
    finally:
        await cluster.close()

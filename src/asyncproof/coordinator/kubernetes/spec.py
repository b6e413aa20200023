"""The Job of one attempt at a suite. Pure."""

from dataclasses import dataclass

from asyncproof.coordinator.attempt import SuiteAttempt, arguments, environment

FOLDER = "/run/suite"
SUITE, SIDECAR = "suite", "events"
PREFIX = "coordinator"
MARGIN = 60.0
"""Seconds by which the Job's own deadline is later than that of the entry: the entry can report
where the suite hung, the Job controller only deletes the pod."""


@dataclass(frozen=True, slots=True)
class PodOptions:
    """What the cluster needs in addition to the suite. ``ttl`` is the Job's after its end, ``hold``
    how long a process that outlives the suite may keep its output open; in seconds."""

    image: str
    namespace: str
    python: str = "python"
    pull_policy: str = "IfNotPresent"
    service_account: str = ""
    secret: str = ""
    ttl: int = 3600
    margin: float = MARGIN
    hold: float = 30.0


def job_name(attempt: SuiteAttempt) -> str:
    return f"{attempt.suite.name}-{attempt.run}-{attempt.number}"


def labels(attempt: SuiteAttempt) -> dict[str, str]:
    """Labels that name the run, the suite and the attempt; on the Job and on its pod."""
    shard = {f"{PREFIX}/shard": str(attempt.suite.shard.index)} if attempt.suite.shard else {}
    return {
        "app.kubernetes.io/name": PREFIX,
        f"{PREFIX}/run": attempt.run,
        f"{PREFIX}/suite": attempt.suite.name,
        f"{PREFIX}/attempt": str(attempt.number),
        **shard,
    }


def selector(attempt: SuiteAttempt) -> str:
    return ",".join(f"{key}={value}" for key, value in labels(attempt).items())


def job(attempt: SuiteAttempt, options: PodOptions) -> dict[str, object]:
    """The Job. Kubernetes itself repeats nothing: the coordinator decides about retries."""
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 20,
        "volumes": [{"name": "suite", "emptyDir": {}}],
        "containers": [_suite(attempt, options), _sidecar(options)],
    }
    if options.service_account:
        pod["serviceAccountName"] = options.service_account
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(attempt), "labels": labels(attempt)},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": max(1, round(attempt.deadline + options.margin)),
            "ttlSecondsAfterFinished": options.ttl,
            "template": {"metadata": {"labels": labels(attempt)}, "spec": pod},
        },
    }


def _suite(attempt: SuiteAttempt, options: PodOptions) -> dict[str, object]:
    suite = attempt.suite
    own = environment(attempt, FOLDER) | {"PYTHONUNBUFFERED": "1"}
    entry = [options.python, "-m", "asyncproof.coordinator.pod.entry", "--folder", FOLDER]
    command = [options.python, *arguments(suite, FOLDER, touched=attempt.touched)]
    hold = ["--hold", f"{options.hold:g}"]
    amounts = {"cpu": f"{round(suite.cores * 1000)}m", "memory": str(suite.memory_bytes)}
    container: dict[str, object] = {
        **_container(SUITE, options),
        "command": [*entry, "--deadline", f"{attempt.deadline:g}", *hold, "--", *command],
        # First, so that values after it can say $(POD_IP): the miner calls back to the pod.
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            *({"name": name, "value": value} for name, value in own.items()),
        ],
        "resources": {"requests": amounts, "limits": amounts},
    }
    if options.secret:
        container["envFrom"] = [{"secretRef": {"name": options.secret}}]
    return container


def _sidecar(options: PodOptions) -> dict[str, object]:
    amounts = {"cpu": "50m", "memory": "64Mi"}
    return {
        **_container(SIDECAR, options),
        "command": [options.python, "-m", "asyncproof.coordinator.pod.sidecar", "--folder", FOLDER],
        "resources": {"requests": amounts, "limits": amounts},
    }


def _container(name: str, options: PodOptions) -> dict[str, object]:
    return {
        "name": name,
        "image": options.image,
        "imagePullPolicy": options.pull_policy,
        "volumeMounts": [{"name": "suite", "mountPath": FOLDER}],
        "securityContext": {"allowPrivilegeEscalation": False},
    }

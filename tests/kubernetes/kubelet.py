"""What a kubelet makes of a container in a pod's spec: one command, one environment. Pure.

Only what the manifests here use: variables from values, fields and ConfigMaps, ``$(NAME)`` in
words, empty volumes, and the Secret of a service account.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = dict[str, Any]
Data = Mapping[str, Mapping[str, str]]
"""The contents of ConfigMaps, by name."""
POD_IP = "127.0.0.1"
_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class Process:
    """``account`` is the name of the Secret that is mounted where a service account's lies."""

    command: list[str]
    env: dict[str, str]
    account: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``folder`` holds the pod's empty volumes, ``node`` what the node adds to the environment."""

    pod: Object
    folder: Path
    configs: Data = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)


def process(container: Object, around: Surroundings) -> Process:
    """The process of one container; the folders of empty volumes stand where they are mounted."""
    env = variables(container, around)
    words = [*container.get("command", ()), *container.get("args", ())]
    volumes = {each["name"]: each for each in around.pod["spec"].get("volumes", ())}
    command, account = [expand(word, env) for word in words], ""
    for mount in container.get("volumeMounts", ()):
        volume = volumes[mount["name"]]
        if "secret" in volume:
            account = volume["secret"]["secretName"]
            continue
        here = str(around.folder / mount["name"])
        command = [word.replace(mount["mountPath"], here) for word in command]
        env = {name: value.replace(mount["mountPath"], here) for name, value in env.items()}
    return Process(command, env, account)


def variables(container: Object, around: Surroundings) -> dict[str, str]:
    """In the order of a kubelet: what the node gives, whole ConfigMaps, single variables; each may
    refer to those before it."""
    env = dict(around.node)
    for source in container.get("envFrom", ()):
        env |= around.configs[source["configMapRef"]["name"]]
    for each in container.get("env", ()):
        if "valueFrom" in each:
            env[each["name"]] = _field(each["valueFrom"]["fieldRef"]["fieldPath"], around.pod)
        else:
            env[each["name"]] = expand(each.get("value", ""), env)
    return env


def expand(text: str, env: Mapping[str, str]) -> str:
    """``$(NAME)`` filled in where it is known, ``$$`` made ``$``."""

    def known(match: re.Match[str]) -> str:
        return "$" if match[1] is None else env.get(match[1], match[0])

    return _REFERENCE.sub(known, text)


def _field(path: str, pod: Object) -> str:
    fields: dict[str, str] = {
        "status.podIP": POD_IP,
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"].get("namespace", ""),
    }
    return fields[path]


def configs_of(pod: Object) -> set[str]:
    """The ConfigMaps that its containers read."""
    return {
        source["configMapRef"]["name"]
        for container in pod["spec"]["containers"]
        for source in container.get("envFrom", ())
    }

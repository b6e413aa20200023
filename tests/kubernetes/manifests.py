"""What ``kubectl apply -k FOLDER -n NAMESPACE`` makes of the folders of deploy/, without kubectl.

Only what those folders use: resources, one image, one ConfigMap of settings, and replacements that
carry the image's name into a variable.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.control_plane import NAMESPACE

Object = dict[str, Any]
DEPLOY = Path(__file__).parents[2] / "deploy"


def rendered(name: str, image: str, **settings: str) -> list[Object]:
    """The objects of ``deploy/NAME``, with the settings in place of those of ``settings.env``."""
    folder = DEPLOY / name
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    objects = [each for file in kustomization["resources"] for each in _objects(folder / file)]
    for config in kustomization.get("configMapGenerator", ()):
        lines = [line for env in config["envs"] for line in (folder / env).read_text().splitlines()]
        data = dict(line.split("=", 1) for line in lines if line) | settings
        named = {"name": config["name"]}
        objects.insert(
            0, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data}
        )
    for each in objects:
        _settle(each, image)
    return objects


def _objects(file: Path) -> Iterator[Object]:
    yield from yaml.safe_load_all(file.read_text())


def _settle(each: Object, image: str) -> None:
    """The namespace and the image, in every place where they stand."""
    for subject in each.get("subjects", ()):
        subject["namespace"] = NAMESPACE
    if each["kind"] == "Job":
        for container in each["spec"]["template"]["spec"]["containers"]:
            container["image"] = image
            for variable in container.get("env", ()):
                if variable["name"] == "SUITE_IMAGE":
                    variable["value"] = image


def address(each: Object) -> tuple[str, str]:
    """The API version, and the plural under which the API knows it."""
    return each["apiVersion"], f"{each['kind'].lower()}s"

"""The option that names the control plane's binaries; without its library no test is collected."""

from importlib.util import find_spec

import pytest

if find_spec("kubernetes_validate") is None:
    collect_ignore = ["test_schemas.py"]
if find_spec("kr8s") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.kubernetes.cluster import real_cluster  # noqa: F401 (a fixture)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kubernetes-binaries", metavar="DIR", help="made by tests/kubernetes/build")

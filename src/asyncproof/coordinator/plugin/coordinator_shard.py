"""Pytest plugin: run one part of the tests, ``--coordinator-shard=INDEX/COUNT``.

The part of a test depends only on its name, so every machine splits alike, also under pytest-xdist.
In a pod of an indexed Kubernetes Job use ``--coordinator-shard=auto/COUNT``: the index is then that
of the pod.
"""

import os
import zlib

import pytest

OPTION = "--coordinator-shard"


def part(test: str, count: int) -> int:
    """The part (0 to ``count`` - 1) that a test belongs to."""
    return zlib.crc32(test.encode("utf-8", "replace")) % count


def parse(value: str, pod_index: str | None) -> tuple[int, int]:
    """``"2/3"`` as (1, 3): counted from 1 in words, from 0 in Kubernetes and here.

    Raises:
        UsageError: malformed, or no pod index although one is needed.
    """
    index, _, count = value.partition("/")
    if index == "auto" and pod_index is None:
        raise pytest.UsageError(f"{OPTION}={value}: JOB_COMPLETION_INDEX is not set here")
    try:
        chosen = int(pod_index) if index == "auto" and pod_index is not None else int(index) - 1
        whole = int(count)
    except ValueError:
        chosen = whole = -1
    if not 0 <= chosen < whole:
        raise pytest.UsageError(f"{OPTION}={value}: expected INDEX/COUNT, for example 1/3")
    return chosen, whole


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("coordinator")
    group.addoption(OPTION, metavar="INDEX/COUNT", help="run only this part of the tests")


def pytest_configure(config: pytest.Config) -> None:
    value = config.getoption(OPTION)
    if value:
        cut = Cut(*parse(value, os.environ.get("JOB_COMPLETION_INDEX")))
        config.pluginmanager.register(cut, "coordinator-cut")


class Cut:
    """Part ``index`` (from 0) of ``count``. ``elsewhere`` tests belong to the other parts."""

    def __init__(self, index: int, count: int) -> None:
        self._index, self._count = index, count
        self.elsewhere = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        others = [item for item in items if part(item.nodeid, self._count) != self._index]
        items[:] = [item for item in items if part(item.nodeid, self._count) == self._index]
        self.elsewhere = len(others)
        config.hook.pytest_deselected(items=others)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A part without tests does not fail if the other parts have some."""
        if self.elsewhere and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

"""Fixtures of the tests of the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix.miner.runner import QUICK_MINER
from tests.support.miners import forked_miner
from tests.support.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def miner() -> Iterator[str]:
    """The url of a correct reference miner."""
    with forked_miner(QUICK_MINER) as url:
        yield url

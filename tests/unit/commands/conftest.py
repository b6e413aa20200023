"""Fixtures of the tests of the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.async_inference.reference_miner import reference_miner
from tests.unit.async_inference.matrix.runner import QUICK_MINER
from tests.unit.commands.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def miner() -> Iterator[str]:
    """The url of a correct reference miner."""
    with reference_miner(QUICK_MINER) as url:
        yield url

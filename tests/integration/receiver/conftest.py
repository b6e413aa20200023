"""A fresh callback server for each test, in a folder with nothing else in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.receiver_support import Running, running


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "kept") as run:
        yield run

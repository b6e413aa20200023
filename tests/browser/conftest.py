"""The machine of these tests is made ready before anything here is collected."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.developers import prepare

prepare("playwright")

from playwright.sync_api import sync_playwright  # noqa: E402  (prepared for above)

from tests.support.receiver_support import Running, running  # noqa: E402

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    """A fresh callback server for each test, in a folder with nothing else in it."""
    with running(tmp_path / "kept") as run:
        yield run


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Not for longer than a module: as long as it is there, its thread has a running event loop, in
    which other tests cannot start their own."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH; on Debian or Ubuntu: apt-get install chromium")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()

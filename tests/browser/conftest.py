"""The machine of these tests is made ready before anything here is collected."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[Any]:
    """One tab for the tests of a module, by way of ``as_new``. A new one starts a process, which
    takes three times as much as what most tests do with it."""
    page = browser.new_page()
    yield page
    page.close()


def is_error(said: Any) -> bool:
    return bool(said.type == "error")


@contextmanager
def as_new(tab: Any, is_bad: Callable[[Any], bool] = is_error) -> Iterator[Any]:
    """The tab with nothing left of what a test did; it has nothing to complain about in the end.

    ``is_bad``: whether what the page says on its console is a complaint.
    """
    complaints: list[str] = []
    listeners = {
        "dialog": lambda dialog: complaints.append(f"dialog: {dialog.message}"),
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda said: complaints.append(said.text) if is_bad(said) else None,
    }
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.emulate_media(media="null", color_scheme="light")
    for event, listener in listeners.items():
        tab.on(event, listener)
    try:
        yield tab
        tab.evaluate("() => { try { sessionStorage.clear(); localStorage.clear(); } catch {} }")
    finally:
        for event, listener in listeners.items():
            tab.remove_listener(event, listener)
        tab.goto("about:blank")  # which misses no server that is gone
        tab.mouse.move(0, 0)
        tab.context.clear_cookies()
        session = tab.context.new_cdp_session(tab)
        session.send("Network.clearBrowserCache")
        session.detach()
    assert complaints == []

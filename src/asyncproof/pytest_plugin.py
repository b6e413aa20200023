"""Pytest plugin: fixtures ``testbed``, ``draw``, ``judge``, ``callback_server`` for any repository.

When a test asks for one, the session becomes a run: with a history, a verdict and a report. Nothing
heavy is imported before that, because pytest loads this module in every session of an environment.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from asyncproof.receiver.in_thread import ThreadedCallbackServer
    from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
    from asyncproof.run.session import Session
    from asyncproof.settings import Settings

# Name, arguments for argparse, help. The suite itself offers each without the prefix.
OPTIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("miner", {}, "url of the miner, or 'reference' for the bundled one"),
    (
        "set",
        {"action": "append", "default": [], "metavar": "NAME=VALUE"},
        "override a setting by its variable, for example ASYNC_POLL_INTERVAL=0.1",
    ),
    (
        "default",
        {"action": "append", "default": [], "metavar": "NAME=VALUE"},
        "like set, but the environment overrides it",
    ),
    ("strict", {"action": "store_true"}, "a broken SHOULD fails the run"),
    ("only", {"metavar": "CBK,EXP", "default": ""}, "only these families of clauses"),
    ("quick", {"action": "store_true"}, "only the tests marked quick"),
    ("full", {"action": "store_true"}, "the tests marked full as well"),
    ("plan", {"action": "store_true"}, "print which jobs would be sent for which tests, and end"),
    (
        "budget",
        {"metavar": "10m|60jobs", "default": ""},
        "run what is worth most within this time, or with so many pictures",
    ),
    ("no-sharing", {"action": "store_true"}, "each test sends all of its jobs itself"),
    (
        "baseline",
        {"type": Path},
        "file of known findings: they do not fail the run, but their absence does",
    ),
    (
        "update-baseline",
        {"type": Path, "metavar": "FILE"},
        "write the findings of this run as known",
    ),
    (
        "code-quality",
        {"type": Path, "metavar": "FILE"},
        "write the findings as GitLab's code quality report",
    ),
)
MARKERS = (
    "stress: many jobs at the same time; prints the block of stress test results",
    "families(*names): which families of clauses a test is about, for --only",
    "quick: part of --quick, which takes less than half a minute on a fast miner",
    "full: takes long; only with --full",
    "last(when=1): may end the engine of a miner, so it runs after the others, in this order",
    "needs_no_engine: worth running also when the engine of the miner is dead",
)


def add_options(parser: pytest.Parser, prefix: str, names: dict[str, str] | None = None) -> None:
    """Offer the options with this prefix; ``names`` renames some."""
    group = parser.getgroup("asyncproof", "end-to-end tests of an async inference miner")
    for name, how, text in OPTIONS:
        flag = f"--{prefix}{(names or {}).get(name, name)}"
        group.addoption(flag, dest=f"asyncproof_{name.replace('-', '_')}", help=text, **how)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser, "asyncproof-")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def asyncproof_run(pytestconfig: pytest.Config) -> "Session":
    """The run of this pytest session."""
    from asyncproof.run.pytest_session import the_run  # noqa: PLC0415  (heavy: see above)

    return the_run(pytestconfig)


@pytest.fixture(scope="session")
def asyncproof_settings(asyncproof_run: "Session") -> "Settings":
    """The settings of the run, from options and environment."""
    return asyncproof_run.settings


@pytest.fixture
def testbed(asyncproof_run: "Session", request: pytest.FixtureRequest) -> "BoundTestbed":
    """Runs scenarios against the miner and records what happens."""
    from asyncproof.run.fixtures import bound_testbed  # noqa: PLC0415

    return bound_testbed(asyncproof_run, request.node)


@pytest.fixture
def draw(asyncproof_run: "Session", request: pytest.FixtureRequest) -> "Draw":
    """Makes jobs with seeds that no other test uses."""
    from asyncproof.run.fixtures import draw_for  # noqa: PLC0415

    return draw_for(asyncproof_run, request.node)


@pytest.fixture
def judge(asyncproof_run: "Session", request: pytest.FixtureRequest) -> "Judge":
    """Judges a history by checks; the verdict becomes part of the run's."""
    from asyncproof.run.fixtures import judge_for  # noqa: PLC0415

    return judge_for(asyncproof_run, request.node)


@pytest.fixture
def callback_server(tmp_path: Path) -> "Iterator[ThreadedCallbackServer]":
    """A callback server on a free port of this machine, for tests that send their own callbacks."""
    from asyncproof.receiver.in_thread import callback_server_in_thread  # noqa: PLC0415

    with callback_server_in_thread(tmp_path / "callbacks") as server:
        yield server

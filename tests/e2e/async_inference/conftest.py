"""The suite's own session: options without a prefix, and a run opened before collection."""

import pytest

from asyncproof.pytest_plugin import add_options
from asyncproof.run.pytest_session import the_run
from asyncproof.run.session import Session
from asyncproof.settings import Settings


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser, "", {"strict": "strict-clauses"})


def pytest_configure(config: pytest.Config) -> None:
    the_run(config, is_the_suite=True)


@pytest.fixture(scope="session")
def run(asyncproof_run: Session) -> Session:
    return asyncproof_run


@pytest.fixture(scope="session")
def settings(asyncproof_run: Session) -> Settings:
    return asyncproof_run.settings

"""One run of one worker for the whole session; every test judges its history."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from asyncproof.worker.options import OptionError, WorkerOptions, from_environ, plan
from asyncproof.worker.plan import RefusedError, WorkerSetupError
from asyncproof.worker.profile import ProfileError
from asyncproof.worker.record import WorkerHistory, build
from asyncproof.worker.runner import run


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("worker isolation")
    group.addoption("--worker-cmd", help="the worker's command; default: WORKER_CMD, or bundled")
    group.addoption(
        "--worker-profile", help="shipped profile or TOML file; default: WORKER_PROFILE"
    )
    group.addoption("--worker-model", help="model file or `none`; default: WORKER_MODEL, or none")


@pytest.fixture(scope="session")
def worker_options(request: pytest.FixtureRequest) -> WorkerOptions:
    """What to run: flags of pytest before the environment before the bundled worker."""
    named = {"worker_cmd": "--worker-cmd", "profile": "--worker-profile", "model": "--worker-model"}
    given = {name: request.config.getoption(flag, None) for name, flag in named.items()}
    return replace(from_environ(os.environ), **{k: v for k, v in given.items() if v})


@pytest.fixture(scope="session")
def record(
    worker_options: WorkerOptions, tmp_path_factory: pytest.TempPathFactory
) -> WorkerHistory:
    """What happened to the worker from its start to its end, arranged for the checks."""
    folder: Path = tmp_path_factory.mktemp("worker")
    try:
        what = plan(replace(worker_options, report_dir=folder), worker_options.backend)
        return build(asyncio.run(run(what, lambda _: None)))
    except (OptionError, ProfileError, RefusedError, WorkerSetupError) as error:
        pytest.fail(f"the worker could not be tested: {error}", pytrace=False)

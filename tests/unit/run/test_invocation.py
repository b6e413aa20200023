"""The command on the page runs the same tests again, and shows no secret."""

import pytest

from asyncproof.run.invocation import command, without_secrets
from asyncproof.settings import Settings


def test_variables_seed_and_arguments_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/bin/pytest", "tests/e2e", "-k", "a or b"])
    environ = {
        "ASYNC_MINER_URL": "http://miner:8091",
        "ASYNC_CALLBACK_SECRET": "s3cret",
        "STRESS_TEST_CONCURRENT": "50",
        "HOME": "/root",
    }
    assert command(Settings.from_environ(environ), 7, environ) == (
        "ASYNC_MINER_URL=http://miner:8091 STRESS_TEST_CONCURRENT=50 ASYNC_RUN_SEED=7 "
        "pytest tests/e2e -k 'a or b'"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ["/x/asyncproof", "run", "--callback-secret", "s3cret", "-v"],
            "asyncproof run --callback-secret SECRET -v",
        ),
        (
            ["/x/asyncproof", "run", "--callback-secret=s3cret"],
            "asyncproof run --callback-secret=SECRET",
        ),
        (
            ["pytest", "--set", "ASYNC_CALLBACK_SECRET=s3cret"],
            "pytest --set ASYNC_CALLBACK_SECRET=SECRET",
        ),
        (["/lib/pytest/__main__.py", "-q"], "python -m pytest -q"),
    ],
)
def test_secrets_are_not_shown(given: list[str], told: str) -> None:
    assert " ".join(without_secrets(given)) == told

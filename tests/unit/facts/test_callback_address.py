"""What is said of the address where no callback ever came."""

from dataclasses import replace

import pytest

from asyncproof.facts.callback_address import is_loopback, nothing_came
from asyncproof.history.events import Delivered, Listening, RunStarted
from asyncproof.history.history import History
from tests.support.histories import a_history, good_job, without

HERE = Listening(at=0.0, told="http://127.0.0.1:8092", host="127.0.0.1", port=8092)


def a_run(target: str) -> RunStarted:
    return RunStarted(at=0.0, run="r", seed=1, wall=0.0, target=target, settings={})


def undelivered(target: str = "http://gpu.example:8091") -> History:
    history = a_history(without(good_job(), Delivered))
    return replace(history, listening=HERE, started=a_run(target))


def test_a_loopback_address_told_to_another_machine_is_the_reason() -> None:
    told = nothing_came(undelivered())
    assert "nothing at all came to 127.0.0.1:8092" in told
    assert "was told http://127.0.0.1:8092. That is the miner's own machine" in told
    assert "ASYNC_CALLBACK_BASE_URL" in told
    assert "ASYNC_CALLBACK_BIND_HOST to 0.0.0.0" in told


def test_on_this_machine_it_may_be_a_container() -> None:
    assert "host.docker.internal" in nothing_came(undelivered("http://localhost:8091"))


def test_where_anything_came_the_address_is_right() -> None:
    other = replace(a_history(without(good_job(), Delivered), good_job("job_002")), listening=HERE)
    assert nothing_came(other) == ""
    assert nothing_came(replace(undelivered(), listening=None)) == ""


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("gpu.example", False),
        (None, False),
    ],
)
def test_what_is_a_loopback(host: str | None, own: bool) -> None:
    assert is_loopback(host) is own

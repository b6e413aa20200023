"""What a submission is answered with is searched for secrets before it is recorded."""

import asyncio

import pytest

from asyncproof.driver.job_state import Pace, PreparedJob
from asyncproof.driver.submitter import Submitter
from asyncproof.history.events import Answered, AsyncEvent
from asyncproof.liveness.clocks import Budgets
from asyncproof.wire.dialect import documented
from asyncproof.wire.protocol import Callback, MinerAnswer
from asyncproof.workload.scenario import Job

OWN, OTHER = "secret-of-this-job", "secret-of-another-job"


class OneAnswer:
    """A client that gets this answer to everything."""

    def __init__(self, code: int, body: str) -> None:
        self.answer = MinerAnswer(took=0.1, status_code=code, body=body.encode())

    async def ask(self, *_: object, **__: object) -> MinerAnswer:
        return self.answer


def answered(code: int, body: str) -> Answered:
    events: list[AsyncEvent] = []
    pace = Pace(0.1, 1.0, Budgets(silence=1.0, step=1.0, total=1.0))
    submitter = Submitter(
        OneAnswer(code, body),  # type: ignore[arg-type]
        documented(),
        pace,
        clock=lambda: 0.0,
        record=events.append,
        secrets={OWN, OTHER},
    )
    prepared = PreparedJob(Job(prompt="fox"), "job_1", Callback("http://here", OWN))
    asyncio.run(submitter.submit(prepared))
    return next(event for event in events if isinstance(event, Answered))


@pytest.mark.parametrize("secret", [OWN, OTHER])
def test_a_refusal_that_shows_the_secret_of_any_job_is_told_without_it(secret: str) -> None:
    told = answered(422, f'{{"detail": "bad", "input": "{secret}"}}')
    assert told.leaks_secret
    assert secret not in told.body


def test_a_refusal_without_a_secret_leaks_none() -> None:
    assert not answered(422, '{"detail": "bad"}').leaks_secret

"""The protocol once, from submission to verdict, with the shared secret and the plain url."""

import pytest

from asyncproof.checks import THE_PROTOCOL
from asyncproof.facts.comparisons import idle
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload.scenario import CallbackTo, one_after_another


@pytest.mark.quick
@pytest.mark.families("SUB", "POL", "SCH", "CBK", "IMG", "RES", "IDN")
def test_async_inference(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A job is accepted, polled to its end, delivered with its secret, and can be downloaded."""
    jobs = draw.plain(1, callback=CallbackTo.PLAIN_URL)

    history = testbed.run(one_after_another(idle(jobs)))

    verdict = judge(history, THE_PROTOCOL)
    assert verdict.passed, verdict.explain()

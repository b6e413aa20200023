"""Health tells the truth: idle, at work, and when no work is done any more."""

import pytest

from tests.e2e.async_inference import cases
from tests.e2e.async_inference.checks import health
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.scenario import burst, one_after_another
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("HLT")


@pytest.mark.quick
def test_health_while_work_is_done(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A miner that can work is healthy, quickly, before the work and in the middle of it."""
    jobs = draw.jobs(settings.sequential_jobs)
    asked = cases.health_beside_work(every=settings.poll_interval)

    history = testbed.run(burst(jobs).beside(*asked))

    verdict = judge(
        history,
        [health.healthy_when_idle, health.healthy_when_busy, health.health_answers_quickly],
    )
    assert verdict.passed, verdict.explain()


def test_health_after_a_job_that_cannot_be_done(
    testbed: BoundTestbed, draw: Draw, judge: Judge
) -> None:
    """A job with an unknown LoRA harms no other, or else health says so."""
    jobs = [cases.to_fail(draw.job()), draw.job()]

    history = testbed.run(one_after_another(jobs).beside(cases.health_after()))

    verdict = judge(history, [health.health_tells_when_nothing_works])
    assert verdict.passed, verdict.explain()

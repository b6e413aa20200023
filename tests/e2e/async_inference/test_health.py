"""Health tells the truth: idle, at work, and when no work is done any more."""

import pytest

from asyncproof.checks import THE_ENGINE, health
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload import special_cases
from asyncproof.workload.scenario import burst, one_after_another

pytestmark = pytest.mark.families("HLT")


@pytest.mark.quick
def test_health_while_work_is_done(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """A miner that can work is healthy, quickly, before the work and in the middle of it."""
    jobs = draw.plain(settings.sequential_jobs)
    asked = special_cases.health_beside_work(testbed.dialect.health, every=settings.poll_interval)

    history = testbed.run(burst(jobs).beside(*asked))

    verdict = judge(
        history,
        [
            health.healthy_when_idle,
            health.healthy_when_busy,
            health.health_answers_quickly,
            health.open_pages_are_steady,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.last
def test_health_after_a_job_that_cannot_be_done(
    testbed: BoundTestbed, draw: Draw, judge: Judge
) -> None:
    """A job with an unknown LoRA harms no other, or else health says so."""
    fails = one_after_another([special_cases.to_fail(draw.requests()[0])])

    history = testbed.run(fails)
    after = testbed.plain_job_after(history)

    verdict = judge(after, THE_ENGINE)
    assert verdict.passed, verdict.explain()

"""After its expiry a job sends no callback, however the time is written."""

from datetime import UTC, datetime
from functools import partial

import pytest

from asyncproof.checks import expiry
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload import expiries
from asyncproof.workload.scenario import mingling

pytestmark = pytest.mark.families("EXP", "CBK")


def test_expiry_is_a_moment(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Ahead it is delivered, past it is not; in any time zone, and what is no time is refused."""
    kinds = expiries.of_every_kind(draw.job, datetime.now(UTC))

    history = testbed.run(mingling([*kinds, *expiries.malformed(draw.job)]))

    verdict = judge(
        history,
        [
            expiry.delivered_before_expiry,
            expiry.nothing_after_expiry,
            expiry.offsets_are_understood,
            expiry.naive_expiries_break_nothing,
            expiry.malformed_expiries_are_refused,
            expiry.expiry_is_told,
            expiry.expiry_leaves_the_job_alone,
        ],
    )
    assert verdict.passed, verdict.explain()


def test_expiry_passes_during_the_job(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """What had time left at submission and has none at the end is done, and not delivered."""
    jobs = expiries.passing(partial(draw.job, brief=False))

    history = testbed.run(mingling(jobs))

    verdict = judge(history, [expiry.nothing_once_expired, expiry.expiry_leaves_the_job_alone])
    assert verdict.passed, verdict.explain()

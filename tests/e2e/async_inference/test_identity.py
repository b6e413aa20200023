"""Whose picture it is: what was asked for decides, and nothing that other jobs asked for."""

from dataclasses import replace

import pytest

from asyncproof.checks import identity, scheduling
from asyncproof.facts.comparisons import idle, in_quiet
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload import special_cases
from asyncproof.workload.provocation import Provocation
from asyncproof.workload.scenario import CallbackTo, one_after_another, whoever_asks

pytestmark = pytest.mark.families("IDN")
ANOTHER_DEFAULT = 1  # the seed of the usual request is the likeliest one


def test_the_same_request_again(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A request gives the same picture again, seed 0 is a seed like any other, a prompt counts.

    A miner that takes 0 for no seed gives it the picture of its default, which is one of a few
    numbers as a rule. Of a negative one engines die: it has a test of its own, near the end.
    """
    usual = draw.neighbour()
    other, zero, bare = (replace(usual, seed=seed) for seed in (ANOTHER_DEFAULT, 0, None))
    without_callback = idle([replace(bare, callback=CallbackTo.NOWHERE)])
    jobs = [*in_quiet([usual]).jobs, zero, zero, other, *without_callback]

    history = testbed.run(replace(one_after_another(jobs), any_receivers=True))
    testbed.run(whoever_asks([draw.stranger()]))  # judged with every job of the run

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            identity.equal_requests_equal_pictures,
            identity.seed_zero_is_a_seed,
            identity.missing_seeds_are_drawn,
            identity.different_requests_different_pictures,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.last(2)
def test_a_negative_seed_ends_no_engine(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Seed -1 gets a picture or a refusal, and work goes on.

    Some programs take it for "any seed". Where one takes 0 for no seed, and no seed for -1, the
    jobs with seed 0 have this picture: that is judged when the run is over.
    """
    negative = replace(draw.neighbour(), seed=-1)
    jobs = [negative.provoking(Provocation.FAILURE)]

    history = testbed.run(special_cases.each_looked_after(jobs, draw.job))

    verdict = judge(history, [scheduling.one_job_does_not_end_all_work])
    assert verdict.passed, verdict.explain()

"""Sizes other than that of the settings: made as asked for, or refused, and never the end."""

from functools import partial

import pytest

from asyncproof.checks import images, scheduling
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload import special_cases

pytestmark = pytest.mark.families("IMG", "SCH")


@pytest.mark.last(3)
def test_other_sizes(testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge) -> None:
    """Another size, and one that is not square, give such pictures or a refusal; work goes on."""
    drawn = partial(draw.job, brief=True)  # a few steps show the size
    others = special_cases.other_sizes(drawn, settings.image_size, known=testbed.small)

    plain = partial(draw.job, small=True, brief=True, any_picture=True)
    history = testbed.run(special_cases.each_looked_after(others, plain))

    verdict = judge(history, [images.every_file_whole, scheduling.one_job_does_not_end_all_work])
    assert verdict.passed, verdict.explain()

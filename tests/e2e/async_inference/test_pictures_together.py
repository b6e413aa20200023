"""Pictures of requests that have nothing in common, judged together."""

from dataclasses import replace

import pytest

from asyncproof.checks import images
from asyncproof.facts.in_common import to_be_judged_together
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload.expectable import expectable
from asyncproof.workload.scenario import whoever_asks

pytestmark = pytest.mark.families("IMG")
OTHER_GUIDANCE = 2.0


def test_pictures_have_no_defect_in_common(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """Of twenty pictures whose prompts say what is red, dark or above, nothing is wrong in all.

    The first and the last are those of other tests as well. One more differs from the first in
    guidance; whether that matters is only told.
    """
    _, *between, _ = expectable(draw.job(small=True))
    first, *others = draw.stranger(), *between, draw.neighbour()
    weaker = replace(first, guidance=OTHER_GUIDANCE)

    history = testbed.run(whoever_asks([*to_be_judged_together([first, *others]), weaker]))

    verdict = judge(history, [images.pictures_share_no_defect])
    assert verdict.passed, verdict.explain()

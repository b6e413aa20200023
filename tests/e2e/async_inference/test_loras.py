"""LoRAs: they come and go, and no job hangs for one.

The first test asks for the first LoRA of the run, so that it still meets engines as they were: the
tests of other files that ask for LoRAs come later.
"""

from dataclasses import replace

import pytest

from asyncproof.checks import identity, liveness, scheduling, submission
from asyncproof.facts.comparisons import in_quiet
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.settings import Settings
from asyncproof.workload.scenario import one_after_another, steady


@pytest.mark.families("IDN")
def test_loras_come_and_go(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """A LoRA changes the pictures of the jobs that ask for it, and of no others.

    Engines may take turns, so that one plain job after a LoRA can meet another engine than it.
    """
    plain = draw.neighbour()
    styled = [replace(plain, lora=lora) for lora in testbed.loras[:1]]
    afterwards = [plain] * testbed.jobs_to_meet_each_engine
    jobs = [*in_quiet([plain]).jobs, *(job for one in styled for job in (one, *afterwards))]

    history = testbed.run(one_after_another(jobs))

    verdict = judge(
        history,
        [
            scheduling.every_job_completes,
            identity.loras_matter,
            identity.loras_do_not_stay,
            identity.different_requests_different_pictures,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.families("LIV", "SCH")
def test_no_job_hangs_with_a_lora(
    testbed: BoundTestbed, settings: Settings, draw: Draw, judge: Judge
) -> None:
    """Jobs that each need another LoRA, which the miner may have to fetch, keep moving."""
    if not testbed.loras:
        pytest.skip("not applicable: no LoRA is known (ASYNC_TEST_LORAS, or `loras` in /health)")
    one, loras = draw.neighbour(), testbed.loras[: settings.sequential_jobs]
    jobs = [replace(one, lora=lora) for lora in loras]

    history = testbed.run(steady(jobs, per_second=20))

    verdict = judge(
        history,
        [
            submission.every_submission_accepted,
            scheduling.every_job_ends,
            *liveness.EVERY_SIGN,
        ],
    )
    assert verdict.passed, verdict.explain()

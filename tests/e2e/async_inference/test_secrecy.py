"""What a miner must not tell, and what it must not let be used."""

import pytest

from tests.e2e.async_inference import cases
from tests.e2e.async_inference.checks import secrecy
from tests.e2e.async_inference.conftest import BoundTestbed, Draw, Judge
from tests.e2e.async_inference.protocol import Paths
from tests.e2e.async_inference.scenario import burst, only
from tests.harness.settings import Settings

pytestmark = pytest.mark.families("SEC", "SUB")


@pytest.mark.quick
def test_secrets_are_told_to_nobody(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """No answer shows a job's secret or the inside of the program, whatever was asked."""
    jobs = [draw.job(), cases.to_fail(draw.job()), *cases.bad_jobs(draw.job)]

    history = testbed.run(burst(jobs).beside(*cases.open_pages()))

    verdict = judge(history, [secrecy.secrets_are_told_to_nobody, secrecy.answers_show_no_inside])
    assert verdict.passed, verdict.explain()


def test_ids_are_never_paths(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """An id that climbs out of a folder is refused, or replaced by a harmless one."""
    history = testbed.run(burst(cases.with_hostile_ids(draw.job)))

    verdict = judge(history, [secrecy.ids_are_never_paths])
    assert verdict.passed, verdict.explain()


def test_paths_do_not_climb(testbed: BoundTestbed, settings: Settings, judge: Judge) -> None:
    """No path leads to files outside the miner's own."""
    paths = Paths(settings.endpoint)
    folders = [paths.status(""), paths.result(""), "/images/"]

    history = testbed.run(only(*cases.traversals(folders)))

    verdict = judge(history, [secrecy.paths_do_not_climb])
    assert verdict.passed, verdict.explain()

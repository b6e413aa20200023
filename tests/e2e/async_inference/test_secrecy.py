"""What a miner must not tell, and what it must not let be used."""

import pytest

from asyncproof.checks import health, secrecy
from asyncproof.run.fixtures import BoundTestbed, Draw, Judge
from asyncproof.workload import special_cases
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import burst, only

pytestmark = pytest.mark.families("SEC", "SUB")


@pytest.mark.quick
@pytest.mark.last
@pytest.mark.needs_no_engine
def test_secrets_are_told_to_nobody(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """No answer shows a job's secret or the inside of the program, whatever was asked."""
    has = testbed.dialect.has
    fails = [special_cases.to_fail(draw.job())] if has(Need.LORAS) else []
    bad = special_cases.bad_jobs(draw.job) if has(Need.REFUSALS) else []
    jobs = [*fails, *draw.plain(1, any_picture=True), *bad]

    history = testbed.run(
        burst(jobs).beside(*special_cases.open_pages(testbed.dialect.profile.pages))
    )

    verdict = judge(
        history,
        [
            secrecy.secrets_are_told_to_nobody,
            secrecy.refusals_do_not_repeat_the_secret,
            secrecy.answers_show_no_inside,
            health.open_pages_are_steady,
        ],
    )
    assert verdict.passed, verdict.explain()


@pytest.mark.last(2)
def test_ids_are_never_paths(testbed: BoundTestbed, draw: Draw, judge: Judge) -> None:
    """An id that climbs out of a folder is refused, or replaced by a harmless one."""
    hostile = special_cases.with_hostile_ids(draw.job)

    history = testbed.run(special_cases.each_looked_after(hostile, draw.job))

    verdict = judge(history, [secrecy.ids_are_never_paths])
    assert verdict.passed, verdict.explain()


def test_paths_do_not_climb(testbed: BoundTestbed, judge: Judge) -> None:
    """No path leads to files outside the miner's own."""
    folders = [*testbed.dialect.folders, "/images/"]

    history = testbed.run(only(*special_cases.traversals(folders)))

    verdict = judge(history, [secrecy.paths_do_not_climb])
    assert verdict.passed, verdict.explain()

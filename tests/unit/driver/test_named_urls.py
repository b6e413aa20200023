"""Urls that differ from those of other jobs are tried, whichever test sent their job."""

from asyncproof.driver.job_state import JobState, PreparedJob
from asyncproof.driver.named_urls import MOST_ODD, TRIED, worth_following
from asyncproof.history.events import Answered
from asyncproof.liveness.clocks import Clocks
from asyncproof.workload.scenario import Job


def state(number: int, status: str = "/status/{}", result: str = "/result/{}") -> JobState:
    job_id = f"id-{number:03d}"
    answered = Answered(
        at=0,
        job=f"job_{number}",
        took=0,
        status_code=202,
        status_url=status.format(job_id),
        result_url=result.format(job_id),
    )
    prepared = PreparedJob(Job(prompt="fox"), f"job_{number}", None)
    return JobState(prepared, answered, job_id, Clocks.started(0.0))


def numbers(*states: JobState) -> list[str]:
    return [one.prepared.name.removeprefix("job_") for one in worth_following(states)]


def test_of_urls_of_one_form_the_last_few_are_tried() -> None:
    assert numbers(*map(state, range(9))) == ["6", "7", "8"]
    assert numbers(state(1)) == ["1"]
    assert numbers() == []


def test_a_url_of_another_form_or_of_another_job_is_tried_as_well() -> None:
    dead, foreign = state(1, status="/dead/{}"), state(3, result="/result/id-002")
    others = [state(n) for n in (0, 2, 4, 5, 6, 7)]
    jobs = sorted([dead, foreign, *others], key=lambda one: one.job_id)
    assert numbers(*jobs) == ["1", "3", "5", "6", "7"]


def test_where_every_url_is_signed_not_all_of_them_are_tried() -> None:
    signed = [state(n, status=f"/status/{{}}?sign={n}") for n in range(100)]
    assert len(worth_following(signed)) == MOST_ODD + TRIED

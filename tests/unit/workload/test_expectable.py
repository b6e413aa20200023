"""Requests that are judged together: one for each prompt; other tests have some of them as well."""

from asyncproof.workload.expectable import PROMPTS, expectable
from asyncproof.workload.scenario import a_job


def test_each_prompt_is_asked_for_once_with_a_seed_of_its_own() -> None:
    jobs = expectable(a_job(100, small=True))
    assert [job.prompt for job in jobs] == list(PROMPTS)
    assert [job.seed for job in jobs] == list(range(100, 100 + len(PROMPTS)))
    assert all(job.small for job in jobs)


def test_a_known_request_stands_for_the_prompt_that_its_own_begins_with() -> None:
    known = [a_job(42, prompt=f"{PROMPTS[n]}, number 7") for n in (0, -1)]
    jobs = expectable(a_job(100), [*known, a_job(1)])
    assert [jobs[0], jobs[-1]] == known
    assert jobs[1:-1] == expectable(a_job(100))[1:-1]

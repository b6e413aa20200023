"""How a run stands: counts, overlap, LoRA switches and times, from its events."""

from asyncproof.facts import timings
from asyncproof.history.build import build
from asyncproof.history.events import Answered, FellBehind, Settled
from asyncproof.stress.tally import Tally
from tests.support.histories import good_job, scenario, spoiled


def tallied(*jobs: list, settled: bool = True) -> Tally:  # type: ignore[type-arg]
    tally = Tally()
    ends = [Settled(at=job[-1].at, job=job[0].job) for job in jobs] if settled else []
    for event in sorted([e for job in jobs for e in job] + ends, key=lambda e: e.at):
        tally.take(event)
    return tally


def test_overlap_and_counts() -> None:
    jobs = [good_job(f"job_{n}", at=n * 0.5) for n in range(5)]
    tally = tallied(*jobs)
    assert (tally.submitted, tally.accepted, tally.done, tally.failed) == (5, 5, 5, 0)
    assert (tally.in_flight, tally.overlap, tally.switches) == (0, 4, 0)


def test_a_job_beside_one_with_another_lora_is_a_switch_in_flight() -> None:
    plain, other = good_job("job_1"), good_job("job_2", at=0.1, lora_path="ink")
    assert tallied(plain, other).switches == 1
    assert tallied(plain, good_job("job_2", at=9.0, lora_path="ink")).switches == 0


def test_a_refused_job_has_failed_and_was_never_in_flight() -> None:
    refused = spoiled(good_job(), Answered, status_code=503, job_id=None)[:2]
    tally = tallied(refused)
    assert (tally.submitted, tally.accepted, tally.failed, tally.overlap) == (1, 0, 1, 0)


def test_nothing_is_kept_of_jobs_that_have_settled() -> None:
    tally = tallied(*(good_job(f"job_{n}", at=float(n)) for n in range(50)))
    assert not tally._jobs
    assert not tally._by_token


def test_times_are_those_of_a_run_to_one_percent() -> None:
    jobs = [good_job(f"job_{n}", at=n * 0.2) for n in range(20)]
    known = timings.as_data(build(scenario(*jobs)))
    for stage, times in tallied(*jobs).as_data().items():
        for name, value in times.items():
            assert abs(value - known[stage][name]) <= 0.01 * known[stage][name] + 1e-6


def test_our_own_delay_is_remembered() -> None:
    tally = Tally()
    tally.take(FellBehind(at=2.0, since=1.0, worst=1.5, polls=10))
    assert tally.behind == 1.5

"""What a number of jobs proves: bounds of Clopper and Pearson, against known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.facts.proof import Proof, jobs_to_prove, lower_bound, upper_bound


@pytest.mark.parametrize(
    ("failures", "jobs", "high"),
    # One-sided 95 % limits, as R's binom.test(..., alternative="less") gives them.
    [(0, 10, 0.25887), (0, 100, 0.02951), (1, 10, 0.39416), (5, 100, 0.10225), (10, 10, 1.0)],
)
def test_upper_bounds_are_the_published_ones(failures: int, jobs: int, high: float) -> None:
    assert upper_bound(failures, jobs) == pytest.approx(high, abs=1e-5)


def test_lower_bounds_are_the_published_ones() -> None:
    assert lower_bound(1, 10) == pytest.approx(0.00512, abs=1e-5)
    assert lower_bound(5, 100) == pytest.approx(0.01991, abs=1e-5)
    assert lower_bound(0, 100) == 0.0


@given(st.floats(1e-6, 0.5))
def test_so_many_clean_jobs_prove_the_rate_and_one_fewer_does_not(rate: float) -> None:
    jobs = jobs_to_prove(rate)
    assert upper_bound(0, jobs) <= rate * (1 + 1e-9)
    assert jobs == 1 or upper_bound(0, jobs - 1) > rate * (1 - 1e-9)


def test_the_rule_of_three() -> None:
    assert upper_bound(0, 3000) == pytest.approx(0.001, rel=0.01)
    assert jobs_to_prove(0.001) == 2995


@given(st.integers(1, 3000), st.data())
def test_the_observed_rate_lies_between_the_bounds(jobs: int, data: st.DataObject) -> None:
    failures = data.draw(st.integers(0, jobs))
    assert lower_bound(failures, jobs) <= failures / jobs <= upper_bound(failures, jobs)


def test_the_sentence() -> None:
    clean = Proof(jobs=3000, failures=0, overlap=64, lora_switches=12)
    assert str(clean) == (
        "0 of 3000: below 0.1 % at 95 %; overlap reached 64; LoRA switches in flight 12"
    )
    assert str(Proof(1000, 3, 8)).startswith("3 of 1000: above 0.082 % and below 0.77 %")
    assert "nothing is proven" in str(Proof(0, 0, 0))

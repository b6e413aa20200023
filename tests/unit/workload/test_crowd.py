"""The jobs of a stress run: the same for the same seed, each asking for its own picture."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from asyncproof.workload.crowd import Crowd

LORAS = ("ink", "neon")


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_several_machines_send_what_one_would(seed: int, parts: int) -> None:
    alone = dict(islice(Crowd(seed, LORAS).jobs(), 40))
    together = [
        numbered
        for part in range(parts)
        for numbered in islice(Crowd(seed, LORAS, part, parts).jobs(), 40 // parts)
    ]
    assert len({number for number, _ in together}) == len(together)
    assert all(alone[number] == job for number, job in together)


def test_no_two_jobs_ask_for_the_same_picture_and_half_have_a_lora() -> None:
    jobs = [job for _, job in islice(Crowd(1, LORAS).jobs(), 2_000)]
    assert len({(job.prompt, job.seed) for job in jobs}) == 2_000
    assert 900 < sum(job.lora is not None for job in jobs) < 1_100
    assert {job.lora for job in jobs} == {None, *LORAS}
    assert all(job.lora is None for _, job in islice(Crowd(1).jobs(), 50))

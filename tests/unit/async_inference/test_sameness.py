"""What a run tells of equal requests, from small hand-written histories."""

from tests.e2e.async_inference.events import AsyncEvent, Downloaded
from tests.e2e.async_inference.sameness import lines
from tests.unit.async_inference.histories import a_history, a_picture, good_job, spoiled


def drawn(name: str, at: float, picture: str, seed: int = 7) -> list[AsyncEvent]:
    return spoiled(good_job(name, at, seed=seed), Downloaded, file=a_picture(picture))


def test_equal_files_for_equal_requests_are_told() -> None:
    told = lines(a_history(drawn("job_001", 0, "a"), drawn("job_002", 3, "a")))
    assert told == [
        "Repeatable to the byte: yes (1 pair of equal requests, the same file each time)"
    ]


def test_differing_files_for_equal_requests_are_counted() -> None:
    jobs = [drawn("job_001", 0, "a"), drawn("job_002", 3, "a"), drawn("job_003", 6, "b")]
    told = lines(a_history(*jobs))
    assert told == ["Repeatable to the byte: no (2 pairs of equal requests, in 1 the files differ)"]


def test_without_equal_requests_there_is_nothing_to_tell() -> None:
    assert lines(a_history(drawn("job_001", 0, "a"), drawn("job_002", 3, "a", seed=8))) == []

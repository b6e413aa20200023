"""What a run tells of equal requests, from small hand-written histories."""

from asyncproof.facts.reproducibility import lines
from asyncproof.history.events import AsyncEvent, Compared, Downloaded, Submitted
from tests.support.histories import a_history, a_picture, good_job, spoiled


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


def drifted(*levels: float, learned_from: int = 5) -> list[str]:
    """The second line about jobs whose pictures are so far from that of the first."""
    jobs = [drawn(f"job_{n + 2:03}", 3 * n + 3, f"p{n}") for n in range(len(levels))]
    compared: list[AsyncEvent] = [
        Compared(
            at=90.0 + n,
            sha256=a_picture(f"p{n}").sha256,
            reference=a_picture("job_001").sha256,  # what the callback brought
            drifted=each,
            learned_from=learned_from,
        )
        for n, each in enumerate(levels)
    ]
    quiet = spoiled(drawn("job_001", 0, "a"), Submitted, tags={"load": "quiet"})
    return lines(a_history(quiet, *jobs, compared))[1:]


def test_pictures_that_depend_on_load_are_told_with_how_far_and_since_when() -> None:
    (told,) = drifted(0.0, 2.0, 5.0, 3.0)
    assert told.startswith("Pictures depend on load: in 3 jobs, from job_003 (")
    assert "by 3.0 levels of 255 in the mean (at most 5.0)" in told
    assert "could not be compared closely" not in told


def test_too_few_pictures_to_learn_from_are_told() -> None:
    (told,) = drifted(2.0, learned_from=1)
    assert "; 1 of them could not be compared closely" in told


def test_pictures_that_are_the_same_under_load_are_not_mentioned() -> None:
    assert drifted(0.0) == []

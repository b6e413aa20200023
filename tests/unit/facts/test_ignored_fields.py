"""What a run tells of steps and guidance, from small hand-written histories."""

from asyncproof.facts.ignored_fields import lines
from asyncproof.history.events import AsyncEvent, Downloaded, Submitted
from tests.support.histories import a_history, a_picture, good_job, spoiled

REQUEST = {"prompt": "a fox", "seed": 7, "width": 64, "height": 64, "num_inference_steps": 20}


def drawn(name: str, at: float, picture: str, **changes: object) -> list[AsyncEvent]:
    events = spoiled(good_job(name, at), Downloaded, file=a_picture(picture))
    return spoiled(events, Submitted, request=REQUEST | changes)


TWICE = [drawn("job_001", 0, "a"), drawn("job_002", 3, "a")]


def test_steps_that_change_nothing_are_told() -> None:
    fewer = drawn("job_003", 6, "a", num_inference_steps=10)
    (told,) = lines(a_history(*TWICE, fewer))
    assert told.startswith("Steps: another number gives the same picture")


def test_a_guidance_that_matters_is_told() -> None:
    weaker = drawn("job_003", 6, "b", guidance_scale=2.0)
    (told,) = lines(a_history(*TWICE, weaker))
    assert told.startswith("Guidance: another number gives another picture")


def test_requests_that_differ_in_more_than_that_tell_nothing() -> None:
    other = drawn("job_003", 6, "b", guidance_scale=2.0, seed=8)
    assert lines(a_history(*TWICE, other)) == []


def test_where_equal_requests_differ_nothing_is_told() -> None:
    """Nor where none were equal: another picture may come from anything then."""
    weaker = drawn("job_003", 6, "b", guidance_scale=2.0)
    assert lines(a_history(TWICE[0], drawn("job_002", 3, "c"), weaker)) == []
    assert lines(a_history(TWICE[0], weaker)) == []

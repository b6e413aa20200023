"""Places, words and units of a profile beside answers that came."""

from typing import Any

import pytest

from asyncproof.run.profile_places import Mark, Overheard, places
from asyncproof.wire.places import DEEPEST, MOST_FOUND, leaves
from asyncproof.wire.profile import parse

PROFILE = """\
[submit]
path = "/jobs"
id = "id"

[submit.body]
text = "{prompt}"

[status]
path = "/jobs/{id}"
state = "state"

[status.words]
working = "processing"
done = "completed"

[status.progress]
at = "at"
UNIT
"""


def told(unit: str, *at: Any, whole: Any = 20, completed: bool = True) -> tuple[Mark, str]:
    """What is said of these numbers, told one after another; the last with the end."""
    heard = Overheard(parse(PROFILE.replace("UNIT", unit)))
    for number in at:
        heard.statuses.append({"state": "working", "at": number, "steps": whole})
    if completed and heard.statuses:
        heard.statuses[-1]["state"] = "done"
    lines = [one for one in places(heard, completed=completed) if "progress" in one.what]
    (line,) = lines
    return line.mark, line.told


PERCENT, FRACTION = 'unit = "percent"', 'unit = "fraction"'
STEPS, PLACED = 'unit = "steps"\nof = 20', 'unit = "steps"\nof = "steps"'
NUMBERS: list[tuple[str, tuple[Any, ...], str]] = [
    (PERCENT, (0, 40, 100), ""),
    (PERCENT, (0.0, 0.42, 1.0), 'is it unit = "fraction"'),
    (PERCENT, (0.42,), 'is it unit = "fraction"'),
    (PERCENT, (0, 1), 'is it unit = "fraction"'),
    (PERCENT, (0, 1, None), ""),
    (PERCENT, (0, 0), ""),
    (PERCENT, (10, 250), "250 is more than 100"),
    (PERCENT, (-1, 50), "-1 is below 0"),
    (PERCENT, ("40 %",), '"40 %" is no number'),
    (PERCENT, (True,), "true is no number"),
    (FRACTION, (0, 0.5, 1), ""),
    (FRACTION, (0, 42), "42 is more than 1"),
    (STEPS, (0, 7, 20), ""),
    (STEPS, (0, 21), "21 is more than 20"),
    (STEPS, (0.25, 1), 'is it unit = "fraction"'),
    (PLACED, (0, 7, 20), ""),
    (PLACED, (0, 25), "25 is more than 20"),
]


@pytest.mark.parametrize(("unit", "at", "said"), NUMBERS)
def test_numbers_that_cannot_be_of_a_unit_are_wrong(
    unit: str, at: tuple[Any, ...], said: str
) -> None:
    mark, line = told(unit, *at)
    assert said in line
    assert (mark is Mark.WRONG) == bool(said)


def test_a_slow_beginning_is_not_taken_for_a_fraction() -> None:
    assert told(PERCENT, 0, 0.5, completed=False)[0] is Mark.OK


def test_steps_of_nothing_are_wrong() -> None:
    mark, line = told(PLACED, 3, whole=None)
    assert mark is Mark.WRONG
    assert "no number of steps is at steps. There are: state, at" in line


def test_progress_that_nobody_told_is_wrong_only_where_a_job_was_seen_at_work() -> None:
    assert told(PERCENT, None, None)[0] is Mark.WRONG
    assert told(PERCENT, None)[0] is Mark.UNSEEN


def test_the_places_of_an_answer_are_listed_and_no_answer_is_too_deep_or_too_long() -> None:
    assert list(leaves({"a": {"b": [{"c": 1}, {"d": 2}]}, "e": None, "f": [], "g": 0})) == [
        "a.b.0.c",
        "f",
        "g",
    ]
    deep: Any = 1
    for _ in range(900):
        deep = {"x": deep}
    assert list(leaves(deep)) == [".".join("x" * DEEPEST)]
    assert len(list(leaves({str(n): n for n in range(1000)}))) == MOST_FOUND

"""Never more at once than fits, and a suites file that is wrong says where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.coordinator.admission import Room, admit, fits, require_room
from asyncproof.coordinator.suites import MIB, Suite, SuitesError, expand, parse, select, to_bytes

THINGS = st.frozensets(st.sampled_from(["gpu", "queue", "db"]))
SUITES = st.lists(
    st.builds(
        Suite,
        pytest=st.just(()),
        name=st.text(alphabet="abc", min_size=1),
        cores=st.sampled_from([0.5, 1.0, 2.0]),
        memory=st.sampled_from(["256 MiB", "1 GiB", "3 GiB"]),
        exclusive=THINGS,
    ),
    max_size=8,
)
ROOM = Room(cores=2, memory=4096 * MIB)


@given(SUITES)
def test_what_runs_together_always_fits_and_every_suite_has_its_turn(suites: list[Suite]) -> None:
    """Ending suites in any order, all are admitted in the end, and never too many."""
    waiting, running, turns = list(suites), list[Suite](), 0
    while waiting or running:
        for suite in admit(waiting, running, ROOM):
            waiting.remove(suite)
            running.append(suite)
            turns += 1
        assert fits(running, ROOM)
        assert running, "nothing runs while something waits"
        running.pop(0)
    assert turns == len(suites)


@given(SUITES)
def test_a_suite_waits_only_for_want_of_room(suites: list[Suite]) -> None:
    """Whoever is left waiting does not fit beside those who were admitted."""
    admitted = admit(suites, [], ROOM)

    left = list(suites)
    for suite in admitted:
        left.remove(suite)
    assert not any(fits([*admitted, suite], ROOM) for suite in left)


def test_a_suite_that_fits_nowhere_is_refused_at_once() -> None:
    with pytest.raises(SuitesError, match="'big' needs 64 cores"):
        require_room([Suite(pytest=(), name="big", cores=64)], ROOM)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[suites.unit", "suites.toml: "),
        ("[suites.unit]\n", "missing required field `pytest`"),
        ("[suites.unit]\npytest = []\ncore = 1", "unknown field `core`"),
        ("[suites.unit]\npytest = []\ncores = 'two'", "$.suites[...].cores"),
        ("[suites.unit]\npytest = []\nmemory = '2 GB'", "'2 GB' is not an amount of memory"),
        ("[suites.unit]\npytest = []\ncores = 0", "above zero"),
        ("[suites.Unit_1]\npytest = []", "suite 'Unit_1': a name is"),
        ("[suites.unit]\npytest = []\nenv = { A = '{port.x}' }", "unknown {port.x}; use {folder}"),
    ],
)
def test_a_wrong_suites_file_says_where_and_what(text: str, told: str) -> None:
    with pytest.raises(SuitesError) as caught:
        parse(text, "suites.toml")

    assert told in str(caught.value)


def test_suites_are_selected_in_order_once_each_and_cut_into_shards() -> None:
    suites, _ = parse("[suites.a]\npytest = []\n[suites.b]\npytest = []", "")

    assert [s.name for s in select(suites, ["b", "a", "b"])] == ["b", "a"]
    assert [str(s.shard) for s in select(suites, ["a"], 2)] == ["1/2", "2/2"]
    assert [s.name for s in select(suites, ["a"], 2)] == ["a-1", "a-2"]


def test_placeholders_and_amounts() -> None:
    assert expand("http://h:{port.x}/{folder}", "/f", {"x": 9}) == "http://h:9//f"
    assert to_bytes("1.5 GiB") == 1536 * MIB


def needs(**given: Any) -> Suite:
    return Suite(pytest=(), name="a", **given)


@pytest.mark.parametrize(
    ("suites", "fit"),
    [
        ([], True),
        ([needs(cores=1), needs(cores=1)], True),
        ([needs(cores=1), needs(cores=1.5)], False),
        ([needs(memory="2 GiB"), needs(memory="2 GiB")], True),
        ([needs(memory="2 GiB"), needs(memory="2.5 GiB")], False),
        ([needs(exclusive=frozenset({"gpu"})), needs(exclusive=frozenset({"db"}))], True),
        ([needs(exclusive=frozenset({"gpu"})), needs(exclusive=frozenset({"gpu", "db"}))], False),
    ],
)
def test_what_fits_into_two_cores_and_four_gibibytes(suites: list[Suite], fit: bool) -> None:
    """Neither more cores nor more memory than there are, nor one thing twice."""
    assert fits(suites, ROOM) is fit

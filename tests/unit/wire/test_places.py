"""Places in JSON: the short way to one name leads to where the long one does."""

from hypothesis import given
from hypothesis import strategies as st

from asyncproof.wire.places import at, every

KEYS = st.sampled_from(["", "*", "0", "1", "id", "output", "a.b"])
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.lists(KEYS, max_size=3).map(".".join))
def test_the_first_value_at_a_place_is_the_first_of_all(content: object, place: str) -> None:
    assert at(content, place) == next(every(content, place), None)

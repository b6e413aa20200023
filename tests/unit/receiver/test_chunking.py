"""However a body is cut into pieces, the reader makes the same of it as of the whole."""

from hypothesis import given, settings

from tests.support.multipart_bodies import BODIES, CUTS, DAMAGED, outcome


@given(body=BODIES | DAMAGED, cuts=CUTS)
@settings(max_examples=300)
def test_any_chunking_of_any_body_equals_one_piece(body: bytes, cuts: list[int]) -> None:
    assert outcome(body, cuts) == outcome(body, [])


@given(body=BODIES | DAMAGED)
@settings(max_examples=100)
def test_byte_by_byte_equals_one_piece(body: bytes) -> None:
    assert outcome(body, range(len(body))) == outcome(body, [])

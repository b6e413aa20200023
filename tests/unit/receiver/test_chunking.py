"""However a body is cut into pieces, the reader makes the same of it as of the whole."""

import pytest
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


@pytest.mark.parametrize("content", [b"+/8A=\r\n--xyzx", b"AAA=AAAA", b"AA=A", b"AAA", b"AAA=A"])
def test_a_part_in_base64_that_goes_on_after_its_end_is_the_same_in_any_pieces(
    content: bytes,
) -> None:
    head = b'--xyz\r\nContent-Disposition: form-data; name="job_id"\r\n'
    body = head + b"Content-Transfer-Encoding: base64\r\n\r\n" + content + b"\r\n--xyz--\r\n"
    whole = outcome(body, [])
    assert whole.refused
    assert all(outcome(body, [cut]) == whole for cut in range(len(body)))

"""The form reader as values: any form, in pieces of any size, comes out as it went in."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncproof.receiver.bodies import MULTIPART
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import Form, FormReader, PictureSink, boundary_of
from asyncproof.receiver.multipart.violations import violations
from tests.support.multipart_bodies import CUTS, TRICKY
from tests.support.receiver_support import callback, form, part

BOUNDARY = "xyz"


class Kept:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: memoryview) -> None:
        self.data += data


def read(body: bytes, cuts: list[int], boundary: bytes = b"xyz") -> tuple[Form, bytes]:
    kept = Kept()
    opened: Callable[[], PictureSink] = lambda: kept  # noqa: E731
    reader = FormReader(boundary, Limits(), opened)
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        reader.feed(body[start:end])
    return reader.end(), bytes(kept.data)


def refused(act: Callable[[], object]) -> BadFormError | None:
    """How the reader refuses it; None where it does not. Any other error is the test's to see."""
    try:
        act()
    except BadFormError as bad:
        return bad
    return None


VALUES = (st.binary(max_size=300) | TRICKY).filter(lambda v: b"\r\n--xyz" not in b"\r\n" + v)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


@given(fields=st.dictionaries(NAMES, VALUES, max_size=6), picture=VALUES, cuts=CUTS)
@example(fields={}, picture=b"\r\n--xy", cuts=[])
@settings(max_examples=200)
def test_a_form_comes_out_as_it_went_in_however_it_is_cut(
    fields: dict[str, bytes], picture: bytes, cuts: list[int]
) -> None:
    fields.pop("image", None)
    body = form(*(part(k, v) for k, v in fields.items()), part("image", picture, filename="a"))

    read_form, kept = read(body, cuts)

    assert kept == picture
    assert {k: t.value for k, t in read_form.texts.items()} == {
        k: v.decode("utf-8", "replace") for k, v in fields.items()
    }
    assert [t.utf8 for t in read_form.texts.values()] == [_is_utf8(v) for v in fields.values()]


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_every_single_cut_of_a_callback_gives_the_same() -> None:
    body = callback(image=b"\r\n--xy\r\n--xyz-\r" * 3)
    whole = read(body, [])
    for cut in range(len(body)):
        assert read(body, [cut]) == whole
    assert read(body, list(range(len(body)))) == whole


@given(
    where=st.integers(0, 10_000),
    what=st.binary(max_size=20) | TRICKY,
    gone=st.integers(0, 30),
    cuts=CUTS,
)
@settings(max_examples=500)
def test_a_damaged_form_is_read_or_refused_and_nothing_else(
    where: int, what: bytes, gone: int, cuts: list[int]
) -> None:
    body = callback()
    where %= len(body)
    damaged = body[:where] + what + body[where + gone :]
    bad = refused(lambda: list(violations(read(damaged, cuts)[0], MULTIPART.due)))
    assert bad is None or (bad.status in (400, 413, 415) and bad.reason.isprintable())


@given(st.binary(max_size=400) | TRICKY, CUTS)
def test_no_bytes_at_all_make_it_stumble(body: bytes, cuts: list[int]) -> None:
    bad = refused(lambda: read(b"--xyz\r\n" + body, cuts))
    assert bad is None or bad.status in (400, 413, 415)


@given(st.text(max_size=60))
def test_any_content_type_has_a_boundary_or_is_refused(content_type: str) -> None:
    for value in (content_type, f"multipart/form-data; boundary={content_type}"):
        bad = refused(partial(_has_a_boundary, value))
        assert bad is None or bad.status in (400, 415)


def _has_a_boundary(content_type: str) -> None:
    assert 1 <= len(boundary_of(content_type)) <= 70


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=xyz",
        'multipart/form-data; boundary="xyz"',
        "Multipart/Form-Data;Boundary=xyz;charset=utf-8",
        "multipart/form-data; charset=utf-8; boundary=xyz",
    ],
)
def test_the_boundary_as_clients_write_it(content_type: str) -> None:
    assert boundary_of(content_type) == b"xyz"

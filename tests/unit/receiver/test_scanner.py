"""The scanner beside python-multipart: the same bodies taken or refused, with the same parts."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.parser import PartParser
from asyncproof.receiver.multipart.part_head import MOST_HEADERS, part_head
from tests.support.receiver_support import callback, form, part

LIMITS = Limits(parts=6, part_header=200)
CONTROL = bytes(set(range(32)) - {9}) + b"\x7f"


@dataclass
class Heard:
    """A part as it was read: what its headers say, and its content. Also takes the content."""

    name: str
    filename: str | None
    content_type: str
    encoding: str
    content: bytearray = field(default_factory=bytearray)
    whole: bool = False

    def write(self, data: memoryview) -> None:
        self.content += data

    def end(self) -> None:
        self.whole = True


@dataclass
class Reading:
    """``refused``: the status that the body is refused with; None where it is a form."""

    refused: int | None
    parts: list[Heard]


class Oracle:
    """The parts as python-multipart finds them, with the limits of the receiver."""

    def __init__(self, boundary: bytes) -> None:
        self.parts: list[Heard] = []
        self.ended = False
        self.begun = 0
        self.name = self.value = b""
        self.headers: dict[bytes, bytes] = {}
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self.part_begin,
                "on_header_field": self.header_field,
                "on_header_value": self.header_value,
                "on_header_end": self.header_end,
                "on_headers_finished": self.headers_finished,
                "on_part_data": self.part_data,
                "on_part_end": self.part_end,
                "on_end": self.end,
            },
            max_header_count=MOST_HEADERS,
            max_header_size=LIMITS.part_header,
        )
        self.parser.logger.disabled = True

    def part_begin(self) -> None:
        self.begun += 1
        if self.begun > LIMITS.parts:
            raise BadFormError(413, "too many parts")
        self.headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        value = self.value.strip(b" \t")
        if value.translate(None, CONTROL) != value:
            raise BadFormError(400, "control characters")
        self.headers[self.name.lower()] = value
        self.name = self.value = b""

    def headers_finished(self) -> None:
        kind, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise BadFormError(400, "no form-data, or no name")
        filename = options.get(b"filename")
        heard = Heard(
            options[b"name"].decode("utf-8", "replace"),
            None if filename is None else filename.decode("utf-8", "replace"),
            self.headers.get(b"content-type", b"").decode("utf-8", "replace"),
            self.headers.get(b"content-transfer-encoding", b"").decode("latin-1").strip().lower(),
        )
        self.parts.append(heard)

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def part_end(self) -> None:
        self.parts[-1].whole = True

    def end(self) -> None:
        self.ended = True


def by_python_multipart(body: bytes, boundary: bytes = b"xyz") -> Reading:
    oracle = Oracle(boundary)
    try:
        oracle.parser.write(body)
    except BadFormError as bad:
        return Reading(bad.status, oracle.parts)
    except FormParserError:
        return Reading(400, oracle.parts)
    return Reading(None if oracle.ended else 400, oracle.parts)


def by_us(body: bytes, cuts: list[int], boundary: bytes = b"xyz") -> Reading:
    parts: list[Heard] = []

    def begin(block: bytes) -> Heard:
        head = part_head(block, LIMITS.part_header)
        parts.append(Heard(head.name, head.filename, head.content_type, head.encoding))
        return parts[-1]

    scanner = PartParser(boundary, LIMITS, begin)
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(places):
            scanner.feed(body[start:end])
    except BadFormError as bad:
        return Reading(bad.status, parts)
    return Reading(None if scanner.ended else 400, parts)


def assert_the_same(body: bytes, cuts: list[int], boundary: bytes = b"xyz") -> None:
    theirs, ours = by_python_multipart(body, boundary), by_us(body, cuts, boundary)
    assert ours.refused == theirs.refused
    if ours.refused is None:
        assert ours.parts == theirs.parts


A_FIELD = b'Content-Disposition: form-data; name="a"'
CRUMBS = [
    *(b"\r\n", b"\r", b"\n", b"-", b"--", b" ", b"\t", b":", b";", b"\0", b"a", b"xyz", b"--xyz"),
    *(b"--xy", b"\r\n--xyz", b"\r\n--xyz\r\n", b"\r\n--xyz--", b"--xyz\r\n", b"\r\n\r\n"),
    *(A_FIELD, A_FIELD + b"\r\n\r\n", b'Content-Disposition: form-data; filename="b"; name=image'),
    *(b"\r\n--xyz \t", b"Content-Transfer-Encoding: Base64 ", b"X-A:", b"X-A: b\r\n", b"X" * 100),
]
CUTS = st.lists(st.integers(0, 3000), max_size=12)
CRUMBLED = st.lists(st.sampled_from(CRUMBS) | st.binary(max_size=4), max_size=24).map(b"".join)


@given(CRUMBLED, CUTS)
@settings(max_examples=200)
def test_a_body_of_crumbs_is_read_as_python_multipart_reads_it(
    body: bytes, cuts: list[int]
) -> None:
    assert_the_same(body, cuts)
    assert_the_same(b"--xyz\r\n" + A_FIELD + b"\r\n\r\n" + body, cuts)
    assert_the_same(b"--xyz\r\n" + A_FIELD + b"\r\n\r\n" + body + b"\r\n--xyz--", cuts)


@given(
    fields=st.lists(st.tuples(st.sampled_from(["a", "b", "image"]), CRUMBLED), max_size=7),
    where=st.integers(0, 5000),
    gone=st.sampled_from([0, 0, 1, 2, 9]),
    put=st.sampled_from([b"", b"", *CRUMBS]),
    cuts=CUTS,
)
@settings(max_examples=200)
def test_a_damaged_form_is_read_as_python_multipart_reads_it(
    fields: list[tuple[str, bytes]], where: int, gone: int, put: bytes, cuts: list[int]
) -> None:
    body = form(*(part(name, value, "X-A: b", filename="f") for name, value in fields))
    where %= len(body)
    assert_the_same(body, cuts)
    assert_the_same(body[:where] + put + body[where + gone :], cuts)


@given(
    st.binary(min_size=1, max_size=70).map(lambda b: b.translate(None, CONTROL + b"\t") or b"-"),
    CRUMBLED,
    CUTS,
)
def test_any_boundary_cuts_a_body_where_python_multipart_does(
    boundary: bytes, content: bytes, cuts: list[int]
) -> None:
    start = b"--" + boundary + b"\r\n" + A_FIELD + b"\r\n\r\n"
    assert_the_same(start + content + b"\r\n--" + boundary + b"--", cuts, boundary)


HEAD = b"--xyz\r\n" + A_FIELD + b"\r\n\r\n"
END = b"\r\n--xyz--"
ODD = {
    "a blank line first": b"\r\n" + HEAD + END,
    "text after a blank line": b"\r\nhello" + HEAD + END,
    "a hyphen after a blank line": b"\r\nhe-lo" + HEAD + END,
    "a line feed first": b"\n\n" + HEAD + END,
    "text first": b"hello" + HEAD + END,
    "no part": b"--xyz--",
    "no part and a line": b"--xyz--\r\n",
    "half an end": b"--xyz-x" + HEAD + END,
    "more on the first line": b"--xyzQQ" + HEAD[7:] + END,
    "a blank on the first line": b"--xyz \r\n" + HEAD[7:] + END,
    "one line end too little": b"--xyz\r" + HEAD[7:] + END,
    "blanks after a boundary": HEAD + b"v\r\n--xyz \t\t \r\n" + HEAD[7:] + END,
    "a tab after a boundary": HEAD + b"v\r\n--xyz\t\r\n" + HEAD[7:] + END,
    "blanks and text after a boundary": HEAD + b"v\r\n--xyz \tx\r\n" + HEAD[7:] + END,
    "blanks before an end": HEAD + b"v\r\n--xyz --" + END,
    "a carriage return after blanks": HEAD + b"v\r\n--xyz \rx" + END,
    "a boundary and more": HEAD + b"v\r\n--xyzz\r\n--xyz-\r\n--xyz\r\r\n--xyz\n" + END,
    "a boundary at once after a boundary": HEAD + b"v\r\n--xyz\r\n--xyz\r\n" + END,
    "a part without headers": b"--xyz\r\n\r\nv" + END,
    "a boundary in the headers": b"--xyz\r\n" + A_FIELD + END,
    "headers in other letters": b"--xyz\r\ncONTENT-dISPOSITION:form-data;name=a\r\n\r\nv" + END,
    "a value between blanks": b"--xyz\r\nX-A: \t b\t \r\n" + HEAD[7:] + END,
    "a tab in a value": b"--xyz\r\nX-A: b\tb\r\n" + HEAD[7:] + END,
    "a line feed in a value": b"--xyz\r\nX-A: b\nb\r\n" + HEAD[7:] + END,
    "a carriage return in a value": b"--xyz\r\nX-A: b\rb\r\n" + HEAD[7:] + END,
    "two carriage returns": b"--xyz\r\nX-A: b\r\r\n" + HEAD[7:] + END,
    "a nameless header": b"--xyz\r\n: b\r\n" + HEAD[7:] + END,
    "a blank before the colon": b"--xyz\r\nX-A : b\r\n" + HEAD[7:] + END,
    "every sign that a name may have": b"--xyz\r\n!#$%&'*+-.^_`|~aZ09: b\r\n" + HEAD[7:] + END,
    "a line without a colon": b"--xyz\r\nX-A\r\n" + HEAD[7:] + END,
    "an encoding in capitals": HEAD[:-2] + b"Content-Transfer-Encoding: BASE64 \r\n\r\nv" + END,
    "tabs around a value": HEAD[:-2] + b"Content-Type:\ttext/plain\t\r\n\r\nv" + END,
    "the same header twice": HEAD[:-2] + HEAD[7:].replace(b'"a"', b'"b"') + END,
    "an epilogue": HEAD + END + b"\r\n" + HEAD + b"v",
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_body_is_read_as_python_multipart_reads_it_wherever_it_is_cut(case: str) -> None:
    for cut in range(len(ODD[case])):
        assert_the_same(ODD[case], [cut])
    assert_the_same(ODD[case], list(range(len(ODD[case]))))


LINE = LIMITS.part_header - len("X-A: ")
AT_THE_LIMITS: dict[str, Callable[[int], bytes]] = {
    "long header": lambda more: form(part("a", b"x", "X-A: " + "b" * (LINE + more))),
    "long header after spaces": lambda more: form(
        part("a", b"x", "X-A:" + " " * 100 + "b" * (LINE - 99 + more))
    ),
    "long header name": lambda more: form(part("a", b"x", "X" * (LINE + 4 + more) + ":")),
    "many long headers": lambda more: form(
        part("a", b"x", *["X-A: " + "b" * LINE] * (MOST_HEADERS - 1 + more))
    ),
    "many headers": lambda more: form(part("a", b"x", *["X-A: b"] * (MOST_HEADERS - 1 + more))),
    "many parts": lambda more: form(*[part("a", b"x")] * (LIMITS.parts + more)),
    "many parts, the last without headers": lambda more: (
        form(*[part("a", b"x")] * (LIMITS.parts + more))[:-4] + b"\r\n"
    ),
}


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
@pytest.mark.parametrize("case", AT_THE_LIMITS)
def test_limits_end_where_those_of_python_multipart_do(case: str, more: int) -> None:
    body = AT_THE_LIMITS[case](more)

    assert_the_same(body, [])
    assert_the_same(body, list(range(len(body))))


def test_headers_without_an_end_are_given_up_before_the_body_ends() -> None:
    scanner = PartParser(b"xyz", LIMITS, lambda _block: Heard("", None, "", ""))
    scanner.feed(b"--xyz\r\n")
    with pytest.raises(BadFormError, match="too long"):
        for _ in range(MOST_HEADERS * 3):
            scanner.feed(b"X-A: " + b"b" * 100 + b"\r\n")


@pytest.mark.parametrize("seed", range(3))
def test_what_was_kept_back_is_little(seed: int) -> None:
    """A picture is handed on as it comes: no more waits than could begin a boundary."""
    chance = random.Random(seed)
    picture = bytes(chance.choices(b"\r\n-xyza", k=4000))
    heard = Heard("image", None, "", "")
    scanner = PartParser(b"xyz", LIMITS, lambda _block: heard)
    body = form(part("image", picture))
    start = body.index(picture)
    scanner.feed(body[:start])
    for n in range(start, start + len(picture)):
        scanner.feed(body[n : n + 1])
        if not heard.whole:
            assert n + 1 - start - len(heard.content) <= len(b"\r\n--xyz-")


def test_an_ordinary_callback_has_its_parts() -> None:
    heard = by_us(callback(image=b"picture"), [])

    assert heard.refused is None
    assert [(p.name, bytes(p.content), p.filename) for p in heard.parts] == [
        ("job_id", b"job-1", None),
        ("status", b"completed", None),
        ("completed_at", b"2026-01-02T03:04:05Z", None),
        ("image", b"picture", "result.png"),
    ]

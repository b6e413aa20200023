"""Strategies for multipart bodies: well-formed, odd, and damaged; and what the reader makes of one.

Every body has the boundary ``xyz``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from asyncproof.receiver.bodies import MULTIPART
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.form_reader import FormReader
from asyncproof.receiver.multipart.violations import violations
from tests.support.receiver_support import form, part

LIMITS = Limits(parts=8, part_header=300, field=200, text=600)

# What looks most like a boundary is what a reader most easily takes for one.
TRICKY = st.lists(
    st.sampled_from(
        [b"\r\n", b"--", b"xyz", b"\r\n--xy", b"\r\n--xyz-", b"\r", b"\n", b"\0", b"a"]
    ),
    max_size=8,
).map(b"".join)
CONTENT = st.binary(max_size=250) | TRICKY | st.sampled_from([b"aGVsbG8=", b"=41=\r\n", b"%%%"])
KNOWN = st.sampled_from(["job_id", "status", "image", "error", "completed_at", "other", ""])
NAME = KNOWN | st.text(st.characters(exclude_characters='"\r\n', codec="utf-8"), max_size=12)
OTHER_HEADER = st.sampled_from(
    [
        b"Content-Type: image/png",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: 8bit",
        b"Content-Transfer-Encoding: rot13",
        b"X-A:",
        b"X-A: " + b"a" * 320,
        b"no colon",
        b" folded",
        b": nameless",
        b"",
    ]
)
DISPOSITION = st.builds(
    lambda name, filename, kind, spelt: f'{spelt}: {kind}; name="{name}"{filename}'.encode(),
    name=NAME,
    filename=st.sampled_from(["", '; filename="r.png"', "; filename*=UTF-8''%C3%A9.png", "; x"]),
    kind=st.sampled_from(["form-data", "form-data", "form-data", "attachment", "FORM-DATA"]),
    spelt=st.sampled_from(["Content-Disposition", "content-disposition", "Content-Disposition "]),
)
PART = st.builds(
    lambda headers, disposition, at, content: (
        b"\r\n".join([*headers[:at], disposition, *headers[at:]]) + b"\r\n\r\n" + content
    ),
    headers=st.lists(OTHER_HEADER, max_size=2),
    disposition=DISPOSITION,
    at=st.integers(0, 2),
    content=CONTENT,
)
PADDING = st.sampled_from([b"", b"", b"", b"", b" ", b"\t ", b"x"])


def _body(
    preamble: bytes, parts: Sequence[tuple[bytes, bytes]], end: bytes, epilogue: bytes
) -> bytes:
    lines = [b"--xyz" + padding + b"\r\n" + part + b"\r\n" for part, padding in parts]
    return preamble + b"".join(lines) + end + epilogue


_WELL_FORMED = st.builds(
    lambda contents, epilogue: form(*(part(name, value) for name, value in contents)) + epilogue,
    contents=st.lists(st.tuples(KNOWN.filter(bool), CONTENT), max_size=6),
    epilogue=st.sampled_from([b"", b"", b"later"]) | TRICKY,
)
_ODD = st.builds(
    _body,
    preamble=st.sampled_from([b"", b"", b"", b"\r\n", b"\r\nwords\r\n", b"words\r\n"]),
    parts=st.lists(st.tuples(PART, PADDING), max_size=9),
    end=st.sampled_from([b"--xyz--\r\n", b"--xyz--\r\n", b"--xyz--", b"--xyz-", b"", b"--xyz\r\n"]),
    epilogue=st.sampled_from([b"", b"", b"later"]) | TRICKY,
)
BODIES = _WELL_FORMED | _ODD


def _damage(body: bytes, at: int, gone: int, new: bytes) -> bytes:
    at %= len(body) + 1
    return body[:at] + new + body[at + gone :]


DAMAGED = st.builds(
    _damage, BODIES, st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=8) | TRICKY
)
CUTS = st.lists(st.integers(0, 3000), max_size=12)


@dataclass(frozen=True)
class Outcome:
    """What a body was read as: its fields and picture, or why it was refused."""

    form: dict[str, Any] | None
    picture: bytes
    violations: tuple[str, ...]
    refused: tuple[int, str, bool] | None


class _Sink(bytearray):
    def write(self, data: memoryview) -> None:
        self.extend(data)


def outcome(body: bytes, cuts: Sequence[int]) -> Outcome:
    """What the reader makes of a body that arrives in pieces, cut at these places."""
    sink = _Sink()
    reader = FormReader(b"xyz", LIMITS, lambda: sink)
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(places):
            reader.feed(body[start:end])
        form = reader.end()
    except BadFormError as bad:
        return Outcome(None, b"", (), (bad.status, bad.reason, bad.another_boundary))
    found = tuple(v.text for v in violations(form, MULTIPART.due))
    return Outcome(asdict(form), bytes(sink), found, None)

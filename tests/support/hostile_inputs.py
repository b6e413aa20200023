"""What hostile, broken and odd senders send, byte for byte: one table for the tests and the docs.

``python -m tests.support.hostile_inputs`` writes the answers of a server to each of them into
``docs/hostile-inputs.md``, which a test compares with what a server answers.
"""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.support.receiver_support import (
    PNG,
    SECRET,
    Running,
    callback,
    form,
    get,
    head,
    part,
    running,
    send,
)

PAGE = ROOT / "docs" / "hostile-inputs.md"


def raw(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


BODY = callback()

SECRETS = {
    "none": head(len(BODY), secret=None),
    "empty": head(len(BODY), secret=""),
    "wrong": head(len(BODY), secret="nonsense"),
    "right prefix": head(len(BODY), secret=SECRET[:-1]),
    "right and more": head(len(BODY), secret=SECRET + "x"),
    "no-break space after it": head(len(BODY), secret=SECRET + "\xa0"),
    "other case": head(len(BODY), secret=SECRET.upper()),
    "only in the query": head(len(BODY), secret=None, path=f"/callback?secret={SECRET}"),
    "as another header": head(len(BODY), f"Authorization: Bearer {SECRET}", secret=None),
    "twice": head(len(BODY), f"X-Callback-Secret: {SECRET}"),
    "8 KB": head(len(BODY), secret="s" * 8192),
    "not UTF-8": head(len(BODY), secret=SECRET + "\xff"),
}


CL = f"Content-Length: {len(BODY)}"
MINE = (
    "Host: a",
    f"X-Callback-Secret: {SECRET}",
    "Content-Type: multipart/form-data; boundary=xyz",
)
POST = "POST /callback HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"

FRAMING = {
    "length and chunks": raw(POST, *MINE, CL, CHUNKED, body=BODY),
    "two lengths": raw(POST, *MINE, CL, "Content-Length: 7", body=BODY),
    "a list of lengths": raw(POST, *MINE, f"{CL}, 7", body=BODY),
    "negative length": raw(POST, *MINE, "Content-Length: -5", body=BODY),
    "length in words": raw(POST, *MINE, "Content-Length: many", body=BODY),
    "length with a plus": raw(POST, *MINE, f"Content-Length: +{len(BODY)}", body=BODY),
    "enormous length": raw(POST, *MINE, "Content-Length: 99999999999999999999999"),
    "length over the cap": raw(POST, *MINE, "Content-Length: 99999999999"),
    "bad chunk size": raw(POST, *MINE, CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n"),
    "negative chunk size": raw(POST, *MINE, CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"),
    "enormous chunk size": raw(POST, *MINE, CHUNKED, body=b"f" * 30 + b"\r\nhello\r\n"),
    "chunk longer than it says": raw(POST, *MINE, CHUNKED, body=b"2\r\nhello\r\n0\r\n\r\n"),
    "unknown transfer encoding": raw(POST, *MINE, "Transfer-Encoding: rot13", body=BODY),
    "chunked twice": raw(POST, *MINE, "Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "NUL in a header": raw(POST, *MINE, CL, "X-A: a\0b", body=BODY),
    "bare CR in a header": raw(POST, *MINE, CL, "X-A: a\rb", body=BODY),
    "folded header": raw(POST, *MINE, CL, "X-A: a\r\n b", body=BODY),
    "space before the colon": raw(POST, *MINE, "Content-Length : 5", body=BODY),
    "nameless header": raw(POST, *MINE, CL, ": x", body=BODY),
    "300 headers": raw(POST, *MINE, CL, *(f"X-{n}: {n}" for n in range(300)), body=BODY),
    "20 KB header": raw(POST, *MINE, CL, "X-A: " + "a" * 20_000, body=BODY),
    "9 KB path": raw(f"POST /callback/{'a' * 9000} HTTP/1.1", *MINE, CL, body=BODY),
    "no host": raw(POST, *MINE[1:], CL, body=BODY),
    "no version": raw("POST /callback", *MINE, CL, body=BODY),
    "version 9": raw("POST /callback HTTP/9.9", *MINE, CL, body=BODY),
    "control character in the path": raw("POST /call\x01back HTTP/1.1", *MINE, CL, body=BODY),
    "TLS": bytes.fromhex("16030100f1010000ed0303") + random.Random(2).randbytes(200),
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n",
    "random bytes": random.Random(1).randbytes(3000) + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50),
}


METHODS = ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
ENCODINGS = ["gzip", "deflate", "br", "identity, gzip"]
OTHER_PATHS = [
    "/",
    "/callback/",
    "/callbacks",
    "/callback/a/b",
    "/Callback",
    "/..%2f..%2f",
    "/callback/..%2f..%2fx",
    "/callback/%00",
    "/callback/" + "a" * 200,
    "/images/job-1.png",
    "//callback",
    "/callback;x=1",
]


NOT_FOR_READING = [
    "/..%2f..%2fetc/passwd", "/images/..%2f..%2fjournal.ndjson", "/images/../journal.ndjson",
     "/static/../pages.py", "/static/..%2fpages.py", "/images/", "/static/", "/journal.ndjson",
     "/.incoming/", "/images/.png", "/images/x", "/images/a%00.png", "/images/CON.png"]  # fmt: skip


def image(value: bytes = PNG, *headers: str, filename: str = "r.png") -> bytes:
    return part("image", value, "Content-Type: image/png", *headers, filename=filename)


JOB = part("job_id", b"j")
NESTED = form(JOB, boundary="inner")
FORMS: dict[str, tuple[bytes, dict[str, str | None]]] = {
    "no content type": (BODY, {"content_type": None}),
    "JSON": (b'{"job_id": "x"}', {"content_type": "application/json"}),
    "url-encoded": (b"job_id=x", {"content_type": "application/x-www-form-urlencoded"}),
    "multipart but no form": (BODY, {"content_type": "multipart/mixed; boundary=xyz"}),
    "no boundary": (BODY, {"content_type": "multipart/form-data"}),
    "empty boundary": (BODY, {"content_type": 'multipart/form-data; boundary=""'}),
    "boundary of 71": (
        form(JOB, boundary="b" * 71),
        {"content_type": "multipart/form-data; boundary=" + "b" * 71},
    ),
    "other boundary": (BODY, {"content_type": "multipart/form-data; boundary=abc"}),
    "boundary not ASCII": (BODY, {"content_type": "multipart/form-data; boundary=\xe4"}),
    "no first boundary": (BODY[7:], {}),
    "no last boundary": (BODY[:-9], {}),
    "half a last boundary": (BODY[:-4], {}),
    "cut in the picture": (BODY[:-500], {}),
    "cut in a header": (BODY[:40], {}),
    "empty body": (b"", {}),
    "blank lines": (b"\r\n\r\n", {}),
    "no disposition": (form(b"Content-Type: text/plain\r\n\r\nx"), {}),
    "disposition of an attachment": (form(b"Content-Disposition: attachment\r\n\r\nx"), {}),
    "no name": (form(b"Content-Disposition: form-data\r\n\r\nx"), {}),
    "part without headers": (form(b"\r\nx"), {}),
    "64 KB part header": (form(part("job_id", b"x", "X-A: " + "a" * 65536)), {}),
    "17 part headers": (form(part("job_id", b"x", *(f"X-{n}: a" for n in range(17)))), {}),
    "NUL in a part header": (form(part("job_id\0", b"x")), {}),
    "line feed in a part header": (form(part("job_id\nX: y", b"x")), {}),
    "10,000 parts": (form(*([part("a", b"x")] * 10_000)), {}),
    "text that is not base64": (
        form(JOB, image(b"%%%%", "Content-Transfer-Encoding: base64")),
        {},
    ),
    "base64 cut short": (form(JOB, image(b"aGVsb", "Content-Transfer-Encoding: base64")), {}),
    "base64 after its padding": (
        form(JOB, image(b"aGVsbG8=aGVsbG8=", "Content-Transfer-Encoding: base64")),
        {},
    ),
    "unknown part encoding": (form(JOB, image(PNG, "Content-Transfer-Encoding: rot13")), {}),
    "many large fields": (
        form(*(part(f"f{n}", b"x" * 60_000) for n in range(30))),
        {},
    ),
}  # fmt: skip


LOUD = "\x1b[31m::error::" + SECRET
ODD_TEXT = form(part("job_id", LOUD.encode()), part("error", f"a\r\n{LOUD}".encode()))
LOUD_REQUESTS = {
    "no HTTP": LOUD.encode() + b"\r\n\r\n",
    "header": raw(POST, *MINE, CL, f"X-A: {LOUD}", body=BODY),
    "path": raw(f"POST /callback/{LOUD} HTTP/1.1", *MINE, CL, body=BODY),
    "secret": head(len(BODY), secret=LOUD) + BODY,
    "chunk size": raw(POST, *MINE, CHUNKED, body=LOUD.encode() + b"\r\n"),
    "part header": head(200) + form(part("a", b"x", LOUD)).ljust(200),
    "no form": head(len(LOUD)) + LOUD.encode(),
    "field": head(len(ODD_TEXT)) + ODD_TEXT,
    "user agent": raw(POST, *MINE, CL, "User-Agent: ::error::" + SECRET, body=BODY),
}


CHUNKS = b"".join(
    b"%x\r\n%s\r\n" % (len(BODY[n : n + 9]), BODY[n : n + 9]) for n in range(0, len(BODY), 9)
)
HARMLESS = {
    "chunks of nine bytes": raw(POST, *MINE, CHUNKED, body=CHUNKS + b"0\r\n\r\n"),
    "absolute url": raw("POST http://a/callback HTTP/1.1", *MINE, CL, body=BODY),
    "HTTP/1.0 without a host": raw("POST /callback HTTP/1.0", *MINE[1:], CL, body=BODY),
    "an epilogue": raw(POST, *MINE, f"Content-Length: {len(BODY) + 5}", body=BODY + b"later"),
    "blank lines before": b"\r\n\r\n" + raw(POST, *MINE, CL, body=BODY),
    "websocket upgrade asked for": raw(POST, *MINE, CL, "X-Upgrade: websocket", body=BODY),
}


IDS = {
    "parent": "../../../x",
    "absolute": "/etc/passwd",
    "backslashes": "..\\..\\x",
    "drive": "C:\\x",
    "dot": ".",
    "dots": "..",
    "hidden": ".bashrc",
    "option": "-rf",
    "trailing dot": "a.",
    "device": "CON",
    "device with ending": "nul.txt",
    "like a second delivery": "job.2",
    "space": "a b",
    "line break": "a\r\nb",
    "terminal escape": "\x1b[2Jx",
    "NUL": "a\0b",
    "percent": "%2e%2e%2f",
    "tilde": "a~b",
    "100 KB": "a" * 100_000,
    "right to left": "\u202egnp.exe",
    "emoji": "\U0001f600",
    "combining": "e\u0301",
    "composed": "\u00e9",
    "HTML": "<img src=x onerror=alert(1)>",
}


DONE = part("status", b"completed")
IMAGE = part("image", PNG, filename="r.png")

ODD: dict[str, tuple[bytes, str]] = {
    "no id": (form(DONE, IMAGE), "job_id is missing"),
    "empty id": (form(part("job_id", b""), DONE), "job_id is empty"),
    "two ids": (
        form(JOB, part("job_id", b"k"), DONE),
        "job_id was sent 2 times; the first was kept",
    ),
    "id as a file": (
        form(part("job_id", b"j", filename="id.txt"), DONE),
        "job_id was sent as a file",
    ),
    "id not UTF-8": (form(part("job_id", b"a\xff\xfe"), DONE), "job_id is not UTF-8"),
    "id of 100 KB": (
        form(part("job_id", b"a" * 100_000), DONE),
        "job_id has 100000 bytes; only its start was kept",
    ),
    "two pictures": (form(JOB, DONE, IMAGE, IMAGE), "image was sent 2 times; the first was kept"),
    "empty picture": (form(JOB, DONE, part("image", b"", filename="r.png")), "image is empty"),
    "HTML as a picture": (
        form(JOB, DONE, part("image", PNG, "Content-Type: text/html", filename="r.png")),
        "image has the content type 'text/html'",
    ),
    "two file names": (
        form(JOB, DONE, part("image\"; filename*=UTF-8''b.png; x=\"", PNG, filename="a.png")),
        "filename* says 'b.png', filename 'a.png'",
    ),
    "another file": (
        form(JOB, DONE, part("latents", b"x", filename="l.bin")),
        "file part 'latents' is not in the protocol and was not stored",
    ),
    "no status": (form(JOB), "status is missing"),
    "unknown status": (
        form(JOB, part("status", b"done")),
        "status is 'done', not one of completed, failed, timeout",
    ),
    "naive time": (
        form(JOB, DONE, part("completed_at", b"2026-01-02T03:04:05")),
        "completed_at '2026-01-02T03:04:05' has no offset from UTC",
    ),
    "no time": (
        form(JOB, DONE, part("completed_at", b"yesterday")),
        "completed_at 'yesterday' is not an ISO 8601 time",
    ),
}


CORRECT = {
    "a failure without a picture": form(JOB, part("status", b"failed"), part("error", b"no GPU")),
    "a timeout": form(JOB, part("status", b"timeout"), part("failed_at", b"2026-01-02T03:04:05Z")),
    "a picture elsewhere": form(JOB, DONE, part("image_url", b"http://a/b.png")),
    "an offset": form(JOB, DONE, part("completed_at", b"2026-01-02T03:04:05.123456+05:30")),
    "the year 9999": form(JOB, DONE, part("completed_at", b"9999-12-31T23:59:59Z")),
    "fields of its own": form(JOB, DONE, part("worker_id", b"w1"), IMAGE),
    "a picture without a file name": form(JOB, DONE, part("image", PNG, "Content-Type: image/png")),
    "a file name in RFC 5987": form(
        JOB, DONE, part("image\"; filename*=UTF-8''%C3%A9.png; x=\"", PNG)
    ),
    "a JPEG": form(JOB, DONE, part("image", b"\xff\xd8\xff", filename="r.png")),
    "a status in upper case letters only in the boundary": callback(),
}

FILENAMES = ["../../x.png", "/etc/passwd", "x\u202egnp.exe", "\U0001f600.png", ""]
ERRORS = ["a\r\nb: c", "\x1b[31mred", "::error::x", "</script><b>", "\ud7ff\uffff\u2028"]


def _reading(path: str, *headers: str, method: str = "GET") -> bytes:
    return raw(f"{method} {path} HTTP/1.1", *(headers or ("Host: localhost",)))


FOREIGN_READERS = {
    "a foreign host": _reading("/callbacks", "Host: evil.example"),
    "no host": raw("GET /callbacks HTTP/1.1"),
    "an empty host": _reading("/callbacks", "Host: "),
    "two hosts": _reading("/callbacks", "Host: localhost", "Host: evil.example"),
    "a name before the host": _reading("/callbacks", "Host: localhost@evil.example"),
    "a host that begins like ours": _reading("/callbacks", "Host: localhost.evil.example"),
    "a foreign origin": _reading("/callbacks", "Host: localhost", "Origin: http://evil.example"),
    "the origin null": _reading("/callbacks", "Host: localhost", "Origin: null"),
    "a foreign host at the pictures": _reading("/images/x.png", "Host: evil.example"),
    "a foreign host that clears the list": _reading(
        "/callbacks", "Host: evil.example", method="DELETE"
    ),
    "a foreign origin that clears the list": _reading(
        "/callbacks", "Host: localhost", "Origin: http://evil.example", method="DELETE"
    ),
    "since in words": _reading("/callbacks?since=yesterday"),
    "since below zero": _reading("/callbacks?since=-1"),
    "since beyond any number": _reading("/callbacks?since=" + "9" * 40),
    "since in other digits": _reading("/callbacks?since=%D9%A1"),
    "events since in words": _reading("/events?since=x"),
    "the last NaN events": _reading("/events?last=NaN"),
    "a job of 8 KB": _reading("/callbacks/" + "a" * 8000),
    "a job that is a path": _reading("/callbacks/..%2f..%2fetc%2fpasswd"),
    "a job that is not UTF-8": _reading("/callbacks/%ff%fe"),
    "the picture of a path": _reading("/callbacks/..%2f..%2fetc%2fpasswd/image"),
    "the whole disk": _reading("/images//etc/passwd"),
    "a range of a page": _reading("/callbacks", "Host: localhost", "Range: bytes=0-"),
}


@dataclass(frozen=True)
class Answers:
    """Of a server and of one with ``--strict``; and the first thing that it remarks."""

    plain: str
    strict: str
    remark: str


def _posted(body: bytes, **how: str | None) -> bytes:
    return head(len(body), **how) + body  # type: ignore[arg-type]


def groups() -> Mapping[str, Mapping[str, bytes]]:
    """Every hostile request, by its group and its name."""
    return {
        "Secret": {name: start + BODY for name, start in SECRETS.items()},
        "Framing": FRAMING,
        "Method": {method: head(0, method=method) for method in METHODS},
        "Path of a callback": {_short(path): _posted(BODY, path=path) for path in OTHER_PATHS},
        "Path of a page": {path: _reading(path) for path in NOT_FOR_READING},
        "Reading": FOREIGN_READERS,
        "Form": {name: _posted(body, **how) for name, (body, how) in FORMS.items()},
        "Compressed body": {
            encoding: head(len(BODY), f"Content-Encoding: {encoding}") + BODY
            for encoding in ENCODINGS
        },
        "Terminal escapes and log commands": LOUD_REQUESTS,
        "Job id": {name: _posted(callback(job_id)) for name, job_id in IDS.items()},
        "File name": {
            ascii(name): _posted(form(JOB, DONE, part("image", PNG, filename=name)))
            for name in FILENAMES
        },
        "Error text": {
            ascii(error): _posted(
                form(JOB, part("status", b"failed"), part("error", error.encode()))
            )
            for error in ERRORS
        },
        "Readable, but wrong": {name: _posted(body) for name, (body, _) in ODD.items()},
        "Odd, but right": HARMLESS | {name: _posted(body) for name, body in CORRECT.items()},
    }


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:30]}... ({len(text)} characters)"


def answers(plain: Running, strict: Running, request: bytes) -> Answers:
    """What the two servers answer to a request, each on a connection of its own."""
    known = len(get(plain, "/callbacks").json)
    first, second = _answer(plain, request), _answer(strict, request)
    return Answers(first, second, _remark(get(plain, f"/callbacks?since={known}").json, first))


def _answer(run: Running, request: bytes) -> str:
    response = send(run, request)
    return "closed" if response is None else str(response.status)


def _remark(entries: Sequence[Mapping[str, Any]], status: str) -> str:
    """Nothing about requests that leave no entry: those of pages."""
    if not entries:
        return ""
    (entry,) = entries
    if status == "200":
        return str(next(iter(entry.get("problems", [])), ""))
    return str(entry.get("broken") or entry.get("answer", ""))


def table(group: str, requests: Mapping[str, bytes]) -> str:
    """The part of the page about one group, as new servers answer."""
    lines = [f"## {group}", "", "| input | answer | `--strict` | remark |", _RULE]
    with tempfile.TemporaryDirectory() as folder:
        plain, strict = Path(folder, "plain", "kept"), Path(folder, "strict", "kept")
        with running(plain) as one, running(strict, strict=True) as two:
            for name, request in requests.items():
                answer = answers(one, two, request)
                cells = (name, answer.plain, answer.strict, answer.remark)
                lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Printable, and no table or HTML of its own."""
    shown = text.encode("ascii", "backslashreplace").decode()
    for mark, instead in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("*", "\\*"), ("_", "\\_")):
        shown = shown.replace(mark, instead)
    return shown[:160] + ("..." if len(shown) > 160 else "")


_RULE = "| --- | --- | --- | --- |"
_INTRODUCTION = """# Hostile inputs

What the callback server answers to each of them, alone on a connection, and what its entry remarks.
None leaves anything outside the folder, none disturbs the next callback, none gets a 5xx. Broken
transport is refused; what can be read but is wrong is stored with a remark, or with `--strict`
refused with 422.

`python -m tests.support.hostile_inputs` writes this page; a test compares it with a server. The
requests, byte for byte, are in `tests/support/hostile_inputs.py`. Slow senders are in
`tests/integration/receiver/test_patience.py`, and `make fuzz` makes up more.
"""


if __name__ == "__main__":
    tables = [table(group, requests) for group, requests in groups().items()]
    PAGE.write_text("\n".join([_INTRODUCTION, *tables]))

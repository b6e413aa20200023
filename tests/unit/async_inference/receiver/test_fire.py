"""Whatever arrives: the right refusal, nothing on disk that should not be there, life goes on."""

import gzip
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.async_inference.receiver_support import (
    PNG,
    SECRET,
    Running,
    answer_of,
    callback,
    connect,
    form,
    get,
    head,
    part,
    post,
    running,
    send,
)

BODY = callback()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("fire") / "kept") as run:
        yield run


@pytest.fixture
def fire(shared: Running) -> Iterator[Running]:
    """The server of this module. Afterwards it must be well, and hold nothing but callbacks."""
    shared.events.clear()
    before = shared.images()
    yield shared
    assert post(shared, callback("after", image=None)).status == 200
    shared.wait_for_delivery(lambda d: d.fields.get("job_id") == "after")
    assert {p.split("/")[1] for p in shared.files() if p.startswith("kept/")} <= {
        "images",
        "journal.ndjson",
    }
    assert all(p.startswith("kept/") for p in shared.files())
    assert before <= shared.images()


def raw(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


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


@pytest.mark.parametrize("case", SECRETS)
def test_without_the_right_secret_nobody_gets_in(fire: Running, case: str) -> None:
    response = send(fire, SECRETS[case] + BODY)

    assert response is not None
    assert response.status == 401
    delivered = fire.delivery()
    assert (delivered.answered, delivered.fields, delivered.image) == (401, {}, None)
    assert delivered.secret == (
        "missing" if "X-Callback" not in SECRETS[case].decode("latin-1") else "wrong"
    )
    assert SECRET not in repr(delivered)
    assert "job-1.png" not in fire.images()


def test_whitespace_around_the_secret_is_not_part_of_it(tmp_path: Path) -> None:
    """RFC 9110, 5.5: a field's value does not include the whitespace around it."""
    with running(tmp_path / "kept") as run:
        assert post(run, secret=f" {SECRET} ").status == 200


def test_a_hundred_megabytes_with_a_wrong_secret_are_not_read(fire: Running) -> None:
    with connect(fire) as sock:
        sock.sendall(head(100 * 1024 * 1024, secret="nonsense"))
        response = answer_of(sock)
        assert response is not None
        assert (response.status, response.headers["connection"]) == (401, "close")
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 100 * 1024 * 1024:
                sent += sock.send(bytes(64 * 1024))
    assert sent < 16 * 1024 * 1024  # what the system's buffers hold


def test_a_refusal_reaches_a_client_that_is_still_sending_a_picture(fire: Running) -> None:
    """A miner with a wrong secret must read 401, not a broken connection."""
    body = callback(image=PNG * 2000)

    assert post(fire, body, secret="nonsense").status == 401


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
    "TLS": bytes.fromhex("16030100f1010000ed0303") + os.urandom(200),
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n",
    "random bytes": random.Random(1).randbytes(3000) + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(50),
}


@pytest.mark.parametrize("case", FRAMING)
def test_broken_framing_is_a_bad_request(fire: Running, case: str) -> None:
    before = fire.images()

    response = send(fire, FRAMING[case])

    assert response is not None
    assert response.status in (400, 413, 414, 431), response
    assert SECRET not in response.text
    delivered = fire.delivery()
    assert (delivered.answered, delivered.stored) == (response.status, False)
    assert delivered.broken
    assert fire.images() == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_a_callback_is_a_post(fire: Running, method: str) -> None:
    response = send(fire, head(0, method=method))

    assert response is not None
    assert response.status in ((405,) if method != "BREW" else (400, 405))


@pytest.mark.parametrize(
    "path",
    [
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
    ],
)
def test_other_paths_take_no_callback(fire: Running, path: str) -> None:
    assert post(fire, path=path).status == 404
    assert (fire.delivery().path, fire.delivery().answered) == (path, 404)


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fetc/passwd", "/images/..%2f..%2fjournal.ndjson", "/images/../journal.ndjson",
     "/static/../pages.py", "/static/..%2fpages.py", "/images/", "/static/", "/journal.ndjson",
     "/.incoming/", "/images/.png", "/images/x", "/images/a%00.png", "/images/CON.png"],
)  # fmt: skip
def test_nothing_but_pictures_and_pages_can_be_read(fire: Running, path: str) -> None:
    assert get(fire, path).status == 404


def image(value: bytes = PNG, *headers: str, filename: str = "r.png") -> bytes:
    return part("image", value, "Content-Type: image/png", *headers, filename=filename)


JOB = part("job_id", b"m")
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
    "base64 that is none": (
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


@pytest.mark.parametrize("case", FORMS)
def test_what_is_no_form_is_refused_and_leaves_nothing(fire: Running, case: str) -> None:
    body, how = FORMS[case]
    before = fire.images()

    response = post(fire, body, **how)

    assert response.status in (400, 413, 415), response
    delivered = fire.delivery()
    assert (delivered.secret, delivered.answered) == ("match", response.status)
    assert delivered.broken == response.text
    assert not delivered.stored
    assert fire.images() == before


def test_a_form_in_a_form_is_a_text_like_any_other(fire: Running) -> None:
    nested = part("more", NESTED, "Content-Type: multipart/mixed; boundary=inner")

    assert post(fire, form(JOB, nested)).status == 200
    assert set(fire.delivery().fields) == {"job_id", "more"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_not_unpacked(fire: Running, encoding: str) -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024), 1) if encoding == "gzip" else BODY

    assert post(fire, bomb, f"Content-Encoding: {encoding}").status == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_cap_is_refused(fire: Running, chunked: bool) -> None:
    size = 33 * 1024 * 1024
    start = form(JOB)[:-9] + b"\r\n--xyz\r\n" + image(b"")
    before = fire.images()
    with connect(fire) as sock:
        sock.sendall(head(None if chunked else size, *([CHUNKED] if chunked else [])))
        try:
            for data in (start, *([bytes(1024 * 1024)] * 33)):
                sock.sendall(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        except ConnectionError:
            pass  # it need not read all of it
        response = answer_of(sock)
    assert response is None or response.status == 413
    assert fire.delivery().answered == 413
    assert fire.images() == before


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


@pytest.mark.parametrize("case", LOUD_REQUESTS)
def test_nothing_that_arrives_reaches_the_log(
    fire: Running, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    send(fire, LOUD_REQUESTS[case])
    fire.delivery()

    assert [record.getMessage() for record in caplog.records] == []


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


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_odd_but_legal_is_taken(fire: Running, case: str) -> None:
    response = send(fire, HARMLESS[case])

    assert response is not None
    assert (response.status, response.text) == (200, "OK")
    assert fire.delivery().problems == ()

"""What the callback server shows, to whom, and that it shows text as text."""

import io
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from asyncproof.images.file.png_stream import PngHeader
from asyncproof.nemesis import AnswersError
from asyncproof.receiver.dashboard import pages
from asyncproof.receiver.dashboard.pages import is_our_host
from asyncproof.receiver.dashboard.thumbnails import look_at
from tests.browser.conftest import as_new
from tests.support.picture_files import chunk, raw_rows
from tests.support.picture_files import png as built
from tests.support.receiver_support import (
    PNG,
    SECRET,
    Running,
    callback,
    connect,
    form,
    get,
    part,
    post,
    running,
)

EVIL = "<img src=x onerror=alert(1)>"


def picture(width: int = 96, height: int = 64, *, black_below: int | None = None) -> bytes:
    """A PNG of a colourful gradient."""
    image = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", (image, image.rotate(180), image.effect_spread(3)))
    if black_below is not None:
        image.paste((0, 0, 0), (0, black_below, width, height))
    return saved(image)


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def header_only(width: int, height: int) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0])) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "path", ["/", "/static/dashboard.js", "/static/dashboard.css", "/callbacks"]
)
def test_every_page_forbids_what_it_does_not_need(receiver: Running, path: str) -> None:
    headers = get(receiver, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_no_script_parses_html() -> None:
    ways = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "javascript:",
    )
    for file in Path(pages.__file__).with_name("static").iterdir():
        assert not [way for way in ways if way in file.read_text()]


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("localhost:8092", True),
        ("127.0.0.1:8092", True),
        ("192.0.2.7", True),
        ("[::1]:8092", True),
        ("miner.localhost", True),
        ("runner.example", True),
        ("evil.example", False),
        ("evil.example:8092", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_only_names_of_this_machine_open_the_pages(host: str, ours: bool) -> None:
    try:
        assert is_our_host(host, {"runner.example"}) is ours
    except ValueError:
        assert not ours


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: evil.example",),
        ("Host: [::1",),
        ("Host: localhost", "Origin: http://evil.example"),
        ("Host: localhost", "Origin: null"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/callbacks", "/events", "/images/job-1.png"])
def test_a_foreign_page_reads_nothing(receiver: Running, lines: tuple[str, ...], path: str) -> None:
    post(receiver)

    response = get(receiver, path, *lines)

    assert response.status in (400, 403)
    assert "job-1" not in response.text


def test_a_name_that_was_given_opens_the_pages(tmp_path: Path) -> None:
    with running(tmp_path / "kept", hosts=["Runner.Example"]) as run:
        assert get(run, "/", "Host: runner.example:8092").status == 200
        assert get(run, "/", "Host: other.example").status == 403


def test_a_miner_may_call_us_by_any_name(receiver: Running) -> None:
    """A container reaches us as host.docker.internal; only reading is bound to our names."""
    request = callback()
    lines = (
        "POST /callback HTTP/1.1\r\nHost: host.docker.internal\r\n"
        f"X-Callback-Secret: {SECRET}\r\nContent-Length: {len(request)}\r\n"
        "Content-Type: multipart/form-data; boundary=xyz\r\n\r\n"
    )
    with connect(receiver) as sock:
        sock.sendall(lines.encode() + request)
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0 JPEG", "image/jpeg"),
        (b"<html><script>alert(1)</script>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_pictures_are_served_as_what_they_are(receiver: Running, content: bytes, kind: str) -> None:
    """A JPEG named .png is shown; a page named .png is never a page."""
    post(receiver, callback(image=content))

    response = get(receiver, "/images/job-1.png")

    assert (response.body, response.headers["content-type"]) == (content, kind)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert ("content-disposition" in response.headers) is (not kind.startswith("image/"))


WHOLE = picture()
NOISE = np.random.default_rng(1).integers(20, 255, (64, 96))
ROWS = raw_rows(PngHeader(96, 64, 8, 2))
BAD_SUM = zlib.compress(ROWS)[:-1] + bytes([zlib.compress(ROWS)[-1] ^ 1])
BOMB = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(60 * 1024 * 1024)))
HALF = WHOLE[: len(WHOLE) // 2]
LOOKS: dict[str, tuple[bytes, str]] = {
    "whole": (WHOLE, ""),
    "bottom black": (picture(black_below=34), "Partial render detected"),
    "16 bits": (saved(Image.fromarray(NOISE.astype("uint16") * 256)), ""),
    "palette": (saved(Image.open(io.BytesIO(WHOLE)).quantize()), ""),
    "alpha": (saved(Image.open(io.BytesIO(WHOLE)).convert("RGBA")), ""),
    "interlaced": (built(96, 64, interlace=1), ""),
    "JPEG": (saved(Image.open(io.BytesIO(WHOLE)), "JPEG"), "Not a valid PNG"),
    "text that unpacks to 60 MB": (
        built(96, 64, before=BOMB),
        "cannot be opened: Decompressed data too large",
    ),
    "half the rows, each sum right": (
        built(96, 64, rows=ROWS[: len(ROWS) // 2]),
        "Image has 50.0% blank",
    ),
    "last byte missing": (WHOLE[:-1], ""),
    "bad CRC": (WHOLE[:-13] + bytes([WHOLE[-13] ^ 1]) + WHOLE[-12:], "PIL verification failed"),
    "bad Adler-32": (built(96, 64, stream=BAD_SUM), "Picture cannot be decoded"),
    "data after the end": (WHOLE + b"more", ""),
    "half the file": (HALF, "PIL verification failed"),
    "no end": (WHOLE[:-12], "PIL verification failed"),
    "enormous": (header_only(30_000, 30_000), "too large to examine"),
    "no pixels": (header_only(0, 0), "not an image"),
    "HTML": (b"<html>", "not an image"),
    "empty": (b"", "not an image"),
}


@pytest.mark.parametrize("case", LOOKS)
def test_any_picture_is_taken_and_looked_at_without_harm(receiver: Running, case: str) -> None:
    content, problem = LOOKS[case]

    assert post(receiver, callback(image=content)).status == 200

    look = get(receiver, "/looks/job-1.png").json
    assert look["problem"].startswith(problem)
    assert bool(look["problem"]) is bool(problem)
    assert get(receiver, "/thumbnails/job-1.png").status in (200, 204)


def test_thumbnails_are_small_and_a_broken_picture_is_its_own(receiver: Running) -> None:
    post(receiver, callback("large", image=picture(800, 600)))
    post(receiver, callback("broken", image=HALF))

    thumbnail = get(receiver, "/thumbnails/large.png")
    assert thumbnail.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(thumbnail.body)).size == (320, 240)
    assert get(receiver, "/thumbnails/broken.png").body == HALF


def test_an_enormous_picture_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(header_only(30_000, 30_000))
    began = time.process_time()

    assert not look_at(path).showable

    assert time.process_time() - began < 5


def read_events(sock: socket.socket, count: int, text: str) -> list[int]:
    """The numbers of the first ``count`` events, of which ``text`` is the start."""
    while text.count("\ndata: ") < count:
        piece = sock.recv(65536).decode()
        assert piece, text
        text += piece
    return [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]


@pytest.mark.parametrize(
    ("query", "extra", "expected"),
    [
        ("?since=1", "", [2, 3]),
        ("?last=1", "", [2, 3]),
        ("", "Last-Event-ID: 2\r\n", [3]),
        ("?last=100", "", [1, 2, 3]),
    ],
)
def test_events_go_on_where_a_reader_left_off(
    receiver: Running, query: str, extra: str, expected: list[int]
) -> None:
    post(receiver, callback("job-1"))
    post(receiver, callback("job-2"))
    with connect(receiver) as sock:
        sock.sendall(f"GET /events{query} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode())
        head = sock.recv(4096).decode()
        post(receiver, callback("job-3"))
        assert read_events(sock, len(expected), head) == expected


@pytest.mark.parametrize("path", ["/events?since=x", "/events?last=-1", "/callbacks?since=9e9"])
def test_a_number_that_is_none_is_a_bad_request(receiver: Running, path: str) -> None:
    assert get(receiver, path).status == 400


def test_an_event_stream_does_not_hold_up_the_end(receiver: Running) -> None:
    sock = connect(receiver)
    sock.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert sock.recv(4096)
    sock.close()


@pytest.fixture
def page(tab: Any, receiver: Running) -> Iterator[Any]:
    """The dashboard in a real browser, which has nothing to complain about in the end."""
    with as_new(tab) as page:
        page.goto(receiver.server.url)
        page.wait_for_selector("#live.on")
        yield page


def test_an_empty_dashboard_says_how_to_fill_it(page: Any, receiver: Running) -> None:
    assert page.is_visible("text=Nothing has been delivered yet")
    assert page.inner_text("#url") == f"{receiver.server.url}/callback"


def test_callbacks_appear_by_themselves_with_their_picture(page: Any, receiver: Running) -> None:
    post(receiver, callback("job-1", image=picture(800, 600)))
    page.wait_for_selector(".meta:has-text('800×600')")
    page.wait_for_function("() => document.querySelector('.card img').naturalWidth === 320")
    assert page.inner_text(".job") == "job-1"
    assert not page.is_visible("#empty")

    post(receiver, callback("job-2", "failed", image=None))
    page.wait_for_selector(".card:first-child .badge.bad:text('failed')")
    assert page.inner_text("#count-delivered") == "2"


def test_text_of_a_miner_is_never_a_page(page: Any, receiver: Running) -> None:
    body = form(
        part("job_id", EVIL.encode()),
        part("status", EVIL.encode()),
        part("error", b"</script><script>alert(1)</script>"),
        part("image_url", b"javascript:alert(1)"),
        part(EVIL.replace('"', ""), EVIL.encode()),
        part("image", b"<html>", filename=EVIL),
    )
    post(receiver, body, "User-Agent: " + EVIL)
    page.wait_for_selector(".card")
    page.click("summary")

    assert page.inner_text(".job") == EVIL
    assert "</script><script>alert(1)</script>" in page.inner_text(".error")
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert "javascript:alert(1)" in page.inner_text(".all")


def test_trouble_can_be_picked_out(page: Any, receiver: Running) -> None:
    receiver.do(lambda: receiver.server.use(AnswersError(503)))
    post(receiver, callback("hit"))
    receiver.do(lambda: receiver.server.use(AnswersError(503, first=0)))
    post(receiver, callback("fine", image=picture()))
    post(receiver, callback("black", image=picture(black_below=34)))
    post(receiver, secret="wrong")
    page.wait_for_selector(".doubt:has-text('Partial render detected')")

    page.click("text=Trouble")
    assert page.locator(".card:visible .job").all_inner_texts() == [
        "POST /callback",
        "black",
        "hit",
    ]
    page.fill("#search", "BLA")
    assert page.locator(".card:visible .job").all_inner_texts() == ["black"]
    page.fill("#search", "nothing like it")
    assert page.is_visible("#none")


def test_a_broken_picture_far_down_the_page_is_found_too(page: Any, receiver: Running) -> None:
    post(receiver, callback("black", image=picture(black_below=34)))
    for n in range(30):
        post(receiver, callback(f"fine-{n}", image=picture()))
    page.set_viewport_size({"width": 400, "height": 500})
    page.reload()

    page.click("text=Trouble")
    page.wait_for_selector(".card:visible .name:text('black')")
    assert page.inner_text("#count-remarks") == "1"


def test_a_second_delivery_of_a_job_says_so(page: Any, receiver: Running) -> None:
    for job_id in ("once", "twice", "twice"):
        post(receiver, callback(job_id, image=None))
    page.wait_for_selector(".card:first-child .badge:text('delivery 2 of this job')")

    assert page.locator(".badge:has-text('delivery')").count() == 1

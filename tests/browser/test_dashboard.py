"""The dashboard as a tool: its table, filters and keys, the page of a job, and many callbacks."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asyncproof.receiver.bodies import shape_of
from asyncproof.receiver.storage.entries import CallbackEntry, encode
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.profile import parse
from tests.browser.conftest import as_new
from tests.browser.test_pages import EVIL, picture
from tests.support.receiver_support import Running, callback, form, part, post, running
from tests.unit.wire.test_dialect import QUEUE


@pytest.fixture
def page(tab: Any, receiver: Running) -> Iterator[Any]:
    """A page in a real browser, which has nothing to complain about in the end."""
    with as_new(tab) as page:
        yield page


def opened(page: Any, run: Running, path: str = "/") -> Any:
    page.goto(run.server.url + path)
    page.wait_for_selector("#live.on")
    return page


def names(page: Any) -> list[str]:
    shown: list[str] = page.locator(".name:visible").all_inner_texts()
    return shown


def fill(folder: Path, count: int) -> None:
    """A journal of so many callbacks, each fifth of a failed job."""
    folder.mkdir(parents=True)
    statuses = ["failed", *["completed"] * 4]
    lines = [
        encode(
            CallbackEntry(
                number=n,
                received_at=f"2026-01-02T03:{n // 60 % 60:02}:{n % 60:02}.000+00:00",
                secret="match",
                job_id=f"job-{n}",
                status=statuses[n % 5],
                answered=200,
                stored=True,
                seconds=0.01,
            )
        )
        for n in range(1, count + 1)
    ]
    (folder / "journal.ndjson").write_bytes(b"\n".join([*lines, b""]))


def test_the_table_has_a_line_for_each_callback(page: Any, receiver: Running) -> None:
    post(receiver, callback("good", image=picture()))
    post(receiver, callback("bad", "failed", image=None))
    post(receiver, secret="wrong")
    opened(page, receiver)

    page.click("text=Table")

    assert names(page) == ["POST /callback", "bad", "good"]
    assert page.locator("#rows tr").nth(1).locator("td").all_inner_texts()[3:5] == [
        "failed",
        "answered 200",
    ]
    assert page.url.endswith("?view=table")
    post(receiver, callback("next", image=None))
    page.wait_for_selector("#rows tr:first-child:has-text('next')")


def test_filters_are_in_the_url_and_come_back_from_it(page: Any, receiver: Running) -> None:
    for n in range(3):
        post(receiver, callback(f"fox-{n}", "failed", image=None))
        post(receiver, callback(f"cat-{n}", "failed", image=None))
        post(receiver, callback(f"fox-fine-{n}", image=None))
    opened(page, receiver)
    page.click("text=Trouble")
    page.fill("#search", "Fox")

    assert names(page) == ["fox-2", "fox-1", "fox-0"]
    assert page.url.endswith("/?q=Fox&show=trouble")

    page.reload()
    page.wait_for_selector("#live.on")
    page.wait_for_selector(".name:text('fox-0')")
    assert names(page) == ["fox-2", "fox-1", "fox-0"]
    assert page.input_value("#search") == "Fox"
    assert page.get_attribute("[data-show=trouble]", "aria-pressed") == "true"

    opened(page, receiver, "/?show=nonsense&view=%22&q=%3Cimg%3E")
    assert page.get_attribute("[data-show=all]", "aria-pressed") == "true"
    page.wait_for_selector("#none:visible")


def test_keys_do_what_buttons_do(page: Any, receiver: Running) -> None:
    for n in range(3):
        post(receiver, callback(f"job-{n}", "failed" if n == 1 else "completed", image=None))
    opened(page, receiver)
    page.wait_for_selector(".name:text('job-0')")

    page.keyboard.press("v")
    assert page.is_visible("#table")
    page.keyboard.press("t")
    assert names(page) == ["job-1"]
    page.keyboard.press("a")
    page.keyboard.press("/")
    page.keyboard.type("job-2vt")
    assert page.input_value("#search") == "job-2vt"
    page.keyboard.press("Escape")
    assert names(page) == ["job-2", "job-1", "job-0"]
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == "job-2"
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#job:text('job-1')")
    page.keyboard.press("b")
    page.wait_for_selector("#table:visible")


def test_the_page_of_a_job_shows_each_delivery(page: Any, receiver: Running) -> None:
    first = form(
        part("job_id", b"j"), part("status", b"completed"), part("worker", b"w1"),
        part("image", picture(300, 200), "Content-Type: image/png", filename="r.png"),
    )  # fmt: skip
    post(receiver, first, "User-Agent: miner/7")
    post(receiver, callback("other", image=None))
    post(receiver, callback("j", "failed", image=None))
    opened(page, receiver)
    page.wait_for_selector(".name:text('other')")
    page.locator(".name:text-is('j')").last.click()
    page.wait_for_selector("#which:text('1 of 2')")
    page.wait_for_function("() => document.querySelector('#picture').naturalWidth === 300")

    assert page.inner_text("#job") == "j"
    assert "miner/7" in page.inner_text("#request")
    assert "w1" in page.inner_text("#fields")
    assert page.locator("#timeline li").count() == 2
    with page.expect_download() as downloading:
        page.click("#download")
    downloaded = Path(downloading.value.path()).read_bytes()
    assert downloaded == (receiver.folder / "images" / "j.png").read_bytes()

    page.keyboard.press("ArrowRight")
    assert page.inner_text("#which") == "2 of 2"
    assert page.inner_text("#no-picture") == "no picture"
    assert page.is_disabled("#next")
    assert page.url.endswith("delivery=2")
    page.click("#timeline li:first-child a")
    assert page.inner_text("#which") == "1 of 2"

    post(receiver, callback("j", image=picture()))
    page.wait_for_selector("#which:text('1 of 3')")


def test_the_page_of_a_job_follows_its_newest_delivery(page: Any, receiver: Running) -> None:
    opened(page, receiver, "/job?id=soon")
    assert page.is_visible("#gone")

    post(receiver, callback("soon", image=None))
    page.wait_for_selector("#which:text('1 of 1')")
    post(receiver, callback("soon", image=None))
    page.wait_for_selector("#which:text('2 of 2')")
    assert not page.is_visible("#gone")


def test_the_damaged_region_is_framed(page: Any, receiver: Running) -> None:
    post(receiver, callback("black", image=picture(256, 256, black_below=192)))
    opened(page, receiver, "/job?id=black")
    page.wait_for_selector(".region")

    image, frame = (page.locator(what).bounding_box() for what in ("#picture", ".region"))
    assert abs(frame["y"] - image["y"] - image["height"] * 0.75) < 6
    assert abs(frame["width"] - image["width"]) < 2
    assert "rows 192–255" in page.inner_text("#findings")


@pytest.mark.parametrize(
    "job_id", [EVIL, "..", ".", "a/b?c#d", "%2e%2e", "\u202egnp.exe", "a b&id=c"]
)
def test_hostile_ids_are_text_and_have_their_page(
    page: Any, receiver: Running, job_id: str
) -> None:
    post(receiver, callback(job_id, image=picture()))
    opened(page, receiver, "/?view=table")
    page.click(".name")
    page.wait_for_selector("#which:text('1 of 1')")

    assert page.text_content("#job") == job_id
    assert page.locator("img[src=x]").count() == 0
    told = page.evaluate("fetch(document.querySelector('#json').href).then((a) => a.json())")
    assert [entry["job_id"] for entry in told] == [job_id]


def at_rest(page: Any) -> None:
    """Waits until nothing on the page moves: rows that are new to it glide into their place."""
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")


def test_the_place_is_held_while_callbacks_arrive(page: Any, receiver: Running) -> None:
    for n in range(150):
        post(receiver, callback(f"job-{n}", image=None))
    opened(page, receiver, "/?view=table")
    page.wait_for_selector(".name:text-is('job-149')")
    page.evaluate("scrollTo(0, 900)")
    watched = page.locator(".name:text-is('job-100')")
    at_rest(page)
    before = watched.bounding_box()["y"]

    for n in range(5):
        post(receiver, callback(f"new-{n}", image=None))
    page.wait_for_selector("#news:text('5 new')")
    at_rest(page)

    assert watched.bounding_box()["y"] == pytest.approx(before, abs=1)  # parts of a pixel
    page.click("#news")
    page.wait_for_selector(".name:text-is('new-4')")
    assert page.evaluate("scrollY") == 0
    assert not page.is_visible("#news")


def test_ten_thousand_callbacks_stay_few_nodes_and_can_be_filtered(
    page: Any, tmp_path: Path
) -> None:
    fill(tmp_path / "many" / "kept", 10_000)
    with running(tmp_path / "many" / "kept") as many:
        opened(page, many, "/?view=table")
        page.wait_for_selector("#count-delivered:text('10000')")
        page.wait_for_selector(".name:text-is('job-10000')")
        assert page.locator("#rows tr").count() <= 400
        assert page.inner_text("#count-failed") == "2000"

        page.fill("#search", "job-77")
        assert names(page)[:2] == ["job-7799", "job-7798"]
        assert len(names(page)) == 111
        page.fill("#search", "")
        for lines in (400, 600, 800):
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.wait_for_function(f"() => document.querySelectorAll('#rows tr').length >= {lines}")

        page.evaluate("scrollTo(0, 0)")
        page.click("text=Cards")
        assert page.locator(".card").count() <= 120
        post(many, callback("newest", image=None))
        page.wait_for_selector(".card:first-child .name:text-is('newest')")
        page.goto("about:blank")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_its_window(
    page: Any, receiver: Running, tmp_path: Path, scheme: str, width: int
) -> None:
    """Nothing is cut off at the right, and text stands out from what is behind it."""
    post(receiver, callback("a" * 150, image=picture(640, 480)))
    post(receiver, callback("black", image=picture(256, 256, black_below=192)))
    post(receiver, callback("b", "failed", image=None))
    post(receiver, secret="wrong")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    for path in ("/", "/?view=table", "/job?id=black", f"/job?id={'a' * 150}"):
        opened(page, receiver, path)
        page.wait_for_selector("#delivery:visible" if "/job" in path else ".name:visible")
        page.screenshot(path=tmp_path / f"{re.sub('[^a-z]+', '-', path[:16])}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        colours = page.evaluate(
            "() => [document.body, document.querySelector('header')]"
            ".map((n) => [getComputedStyle(n).color, getComputedStyle(n).backgroundColor])"
        )
        for text, behind in colours:
            assert abs(_brightness(text) - _brightness(behind)) > 120, (path, text, behind)
        assert (_brightness(colours[0][1]) < 128) == (scheme == "dark")


def _brightness(colour: str) -> float:
    red, green, blue = (int(n) for n in re.findall(r"\d+", colour)[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_the_example_and_a_link_are_those_of_the_profile(page: Any, tmp_path: Path) -> None:
    shape = shape_of(Dialect(parse(QUEUE)))
    with running(tmp_path / "kept", shape=shape, signature="nothing") as run:
        opened(page, run)
        page.wait_for_selector("#byhand:visible")
        said = page.inner_text("#example").strip()
        assert f"curl {run.server.url}/callback" in said
        body = json.loads(said.partition("-d '")[2].removesuffix("'"))
        assert body["job"] == {"id": "hello", "state": "done"}
        request = urllib.request.Request(
            f"{run.server.url}/callback",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=20).close()
        page.wait_for_selector(".name:text-is('hello')")
        assert page.inner_text(".no-picture") == "a link: http://127.0.0.1/picture.png"
        page.goto("about:blank")  # which misses no server that is gone

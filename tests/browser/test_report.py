"""The report of a run in a real browser: filters, timelines, the drawer, and text as text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asyncproof import places
from asyncproof.checks import ALL
from asyncproof.harness import contract
from asyncproof.harness.verdict import judge
from asyncproof.history.build import build
from asyncproof.history.events import (
    Answered,
    AsyncEvent,
    Delivered,
    GaveUp,
    Judged,
    Polled,
    RunStarted,
    Submitted,
)
from asyncproof.history.job_health import Diagnosis, JobHealth, Stage
from asyncproof.reports.html.run_page import report_page
from tests.browser.conftest import as_new, is_error
from tests.support.histories import good_job, scenario, spoiled

CLAUSES = contract.load(places.contract("protocol"))
WALL = 1767225600.0  # when the hand-written jobs ended, by their own account
START = RunStarted(at=0.0, run="r", seed=7, wall=WALL, target="http://miner:8091", settings={})
EVIL = '</script><img src=x onerror="alert(1)"><b id=evil>'
WIDTHS, THEMES = (400, 800, 1280), ("light", "dark")
Open = Callable[..., Any]


@pytest.fixture
def opened(tab: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the report of these jobs; the browser has nothing to complain about in the end."""

    def open_it(*jobs: list[AsyncEvent], at: str = "") -> Any:
        page.goto(f"{written(tmp_path, *jobs).as_uri()}{at}")
        return page

    with as_new(tab, is_bad) as page:
        yield open_it


def written(folder: Path, *jobs: list[AsyncEvent]) -> Path:
    """The report of these jobs."""
    events = [START, *scenario(*jobs)]
    levels = contract.levels(CLAUSES)
    checks = [check for check in ALL if not check.clauses[0].startswith("SCH")]
    verdict = judge(build(events), checks, levels=levels)
    file = folder / "report.html"
    file.write_text(report_page(events, verdict, CLAUSES, command="asyncproof run"))
    return file


def is_bad(said: Any) -> bool:
    """Pictures of hand-written jobs do not exist; that the browser says so is right."""
    return is_error(said) and "ERR_FILE_NOT_FOUND" not in said.text


def bad_job(name: str = "job_001") -> list[AsyncEvent]:
    """It says a word that is no status: POL-1."""
    return spoiled(good_job(name), Polled, status="running")


def names(page: Any) -> list[str]:
    found: list[str] = page.locator(".row .name:visible").all_inner_texts()
    return found


def test_words_of_a_job_and_of_its_scenario_stand_for_themselves(opened: Open) -> None:
    """That it failed is this suite's word, that it is running the miner's."""
    page = opened(bad_job("job_001"))
    assert "; nothing was hostile." in page.inner_text(".scenario .body")
    page.click("article.finding a.job")
    told = page.inner_text("dialog .content")
    assert "failed – the miner's last status: running; sent by made up" in " ".join(told.split())
    assert "from: callback, result" in told
    assert "on the right, the line of history.ndjson" in told


def test_filters_choose_findings_jobs_and_clauses(opened: Open) -> None:
    page = opened(bad_job("job_001"), good_job("job_002"), good_job("job_003"))
    assert names(page) == ["job_001", "job_002", "job_003"]

    page.click("button[data-tone=passed]")
    assert names(page) == ["job_002", "job_003"]
    assert page.locator("article.finding:visible").count() == 0
    assert not page.is_visible("#POL-1")

    page.click("button[data-tone=failed]")
    assert names(page) == ["job_001"]
    assert page.is_visible("#POL-1")
    assert not page.is_visible("#SUB-1")
    assert "1 job," in page.inner_text(".found")

    page.select_option("select[name=family]", "CBK")
    page.wait_for_function("() => document.querySelector('#POL-1').hidden")
    page.select_option("select[name=family]", "")
    page.click("button[data-tone=all]")
    page.fill("input[name=text]", "ID-JOB_003")
    page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
    assert names(page) == ["job_003"]


def test_a_job_opens_from_its_finding_and_closes_again(opened: Open) -> None:
    page = opened(bad_job(), good_job("job_002"))
    link = page.locator("article.finding a.job").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")

    kinds = page.locator(".event .kind").all_inner_texts()
    assert (kinds[0], kinds[-1]) == ("request", "download")
    assert "POL-1" in page.inner_text(".told")
    assert "curl -sS http://miner:8091/inference" in page.inner_text(".copyable >> nth=0")
    assert page.evaluate("document.activeElement.id") == "drawer-title"

    page.click("[aria-label='Next job']")
    page.wait_for_selector("#drawer-title:has-text('job_002')")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog:not([open])", state="attached")
    assert page.evaluate("location.hash") == ""
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#job_001"

    link.click()
    page.wait_for_selector("dialog[open]")


def test_an_address_opens_what_it_names(opened: Open) -> None:
    page = opened(bad_job(), at="#job_001")
    assert page.is_visible("dialog #drawer-title")
    page.click(".told a")
    page.wait_for_selector("#POL-1[open]")
    assert not page.is_visible("dialog")
    assert "A client waits" in page.inner_text("#POL-1")


def test_lines_of_the_history_are_where_the_events_are(opened: Open) -> None:
    page = opened(good_job(), at="#job_001")
    assert page.inner_text(".event >> nth=0 >> .line") == ":3"
    assert page.inner_text(".copyable >> nth=1 >> pre") == "sed -n '3,9p' history.ndjson"


def test_the_sign_of_what_opens_is_never_alone_in_a_line(opened: Open) -> None:
    page = opened(good_job(), at="#job_001")
    sign = "getComputedStyle(document.querySelector('.event details .said'), '::after').content"
    assert page.evaluate(sign) == '"\u00a0▸"'


def test_what_was_sent_and_judged_by_one_test_names_it_once(opened: Open) -> None:
    judged = Judged(at=3.0, scenario="made up", checks=("c",), jobs=("job_001",))
    page = opened([*good_job(), judged], at="#job_001")
    told = page.inner_text("dialog .content").replace("\n", " ")
    assert "sent and judged by made up" in told
    assert told.count("made up") == 1


def test_a_stall_is_seen_and_a_refused_job_is_told_apart(opened: Open) -> None:
    found = Diagnosis(
        life=JobHealth.STALLED, stage=Stage.STEPPING, progress=50, silent=0.1, still=6.0, total=9.0
    )
    end = GaveUp(
        at=9.0, job="job_001", waiting_for="its end", last_state="", waited=9, diagnosis=found
    )
    hung = [e for e in good_job() if getattr(e, "status", "") != "completed"]
    refused = spoiled(good_job("job_002"), Answered, status_code=503)[:2]
    page = opened([*hung, end], refused)
    stall = page.locator(".row >> nth=0 >> .state.stall").bounding_box()
    track = page.locator(".row >> nth=0 >> .track").bounding_box()
    assert stall["width"] == pytest.approx(0.97 * track["width"] * 6 / 9, abs=2)
    assert page.locator(".row >> nth=1 >> .state.refused").count() == 1


def test_zoom_widens_the_timelines_inside_their_frame(opened: Open) -> None:
    page = opened(bad_job())
    before = page.locator(".row .track").bounding_box()["width"]
    page.click("[data-zoom=in]")
    assert page.locator(".row .track").bounding_box()["width"] == pytest.approx(
        2 * before, rel=0.01
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_text_of_a_miner_is_never_a_page(opened: Open) -> None:
    job = spoiled(bad_job(), Submitted, request={"prompt": EVIL})
    page = opened(spoiled(job, Answered, job_id=EVIL, body=EVIL), at="#job_001")
    page.wait_for_selector("dialog[open]")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert EVIL in page.inner_text("dialog")
    assert page.locator("#evil, img[src=x]").count() == 0


def test_names_of_fields_in_a_finding_are_code(opened: Open) -> None:
    sent = {"job_id": "id-job_001", "status": f"`{EVIL}`", "error": "no memory"}
    page = opened(spoiled(good_job("job_001"), Delivered, fields=sent), at="#job_001")
    page.wait_for_selector("dialog[open]")
    for where in ("#findings", ".told"):
        assert "status" in page.locator(f"{where} code").all_inner_texts()
        assert "`status`" not in page.inner_text(where)
    assert page.locator("#evil, img[src=x]").count() == 0


def test_a_scenario_where_nothing_is_wrong_is_drawn_when_it_is_opened(opened: Open) -> None:
    page = opened(good_job("job_001"))
    page.evaluate("document.querySelector('.scenario').open = false")
    page.reload()
    if page.locator(".scenario[open]").count() == 0:
        assert page.locator(".row").count() == 0
        page.click(".scenario summary")
    page.wait_for_selector(".row")


def test_thousands_of_jobs_are_not_drawn_before_somebody_looks(opened: Open) -> None:
    jobs = [good_job(f"job_{n:05}", at=n * 0.01) for n in range(3_000)]
    jobs[2_777] = bad_job("job_02777")
    page = opened(*jobs)
    assert names(page)[0] == "job_02777"
    assert page.locator(".row").count() == 40
    page.click(".more")
    assert page.locator(".row").count() == 440
    page.goto(f"{page.url.partition('#')[0]}#job_02999")
    page.wait_for_selector("#drawer-title:has-text('job_02999')")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window_and_all_text_can_be_read(
    tab: Any, opened: Open, width: int, theme: str
) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=theme)
    page = opened(bad_job(), good_job("job_002"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) < 0.5) is (theme == "dark")
    texts = page.locator("h2, .finding dd, .state, .soft, .name, .clause .state")
    colours = "(nodes) => nodes.slice(0, 60).map((node) => getComputedStyle(node).color)"
    inks = texts.evaluate_all(colours)
    assert len(inks) == 60
    for ink in inks:
        assert abs(luminance(ink) - luminance(ground)) > 0.3


def luminance(colour: str) -> float:
    red, green, blue = (int(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_without_scripts_findings_and_clauses_are_there(browser: Any, tmp_path: Path) -> None:
    tab = browser.new_page(java_script_enabled=False)
    with as_new(tab, is_bad) as page:
        page.goto(written(tmp_path, bad_job()).as_uri())
        assert page.locator("article.finding").count() > 0
        assert page.locator("details.clause").count() == len(CLAUSES)
        assert page.is_visible("noscript")
        assert not page.is_visible("form.filters")
    tab.close()


def test_paper_is_white_also_in_the_dark(tab: Any, opened: Open) -> None:
    tab.emulate_media(color_scheme="dark")
    page = opened(bad_job())
    page.emulate_media(media="print", color_scheme="dark")
    for node in page.locator("body, .finding").all():
        ground, ink = (
            node.evaluate(f"(node) => getComputedStyle(node).{what}")
            for what in ("backgroundColor", "color")
        )
        assert luminance(ground) > 0.9
        assert luminance(ink) < 0.4
    assert not page.is_visible("form.filters")

"""The gallery shows each damaged picture once, beside its reference where there is one."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import (
    AsyncEvent,
    Compared,
    Examined,
    Submitted,
)
from asyncproof.reports.damage_gallery import damage_gallery
from tests.support.histories import a_picture, good_job, scenario, spoiled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with a whole picture, and the same one cut to grey."""
    (tmp_path / "pictures").mkdir()
    picture = Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 50).convert("RGB")
    picture.save(tmp_path / a_picture("job_001").path)
    ImageDraw.Draw(picture).rectangle((0, 40, 64, 64), fill=(128, 128, 128))
    picture.save(tmp_path / a_picture("job_002").path)
    return tmp_path


def under_load(difference: str) -> list[AsyncEvent]:
    """A job in quiet, the same request under load, and what comparing their pictures said."""
    quiet = spoiled(good_job("job_001"), Submitted, tags={"load": "quiet"})
    first = quiet[0]
    assert isinstance(first, Submitted)
    loud = spoiled(good_job("job_002", at=5.0), Submitted, request=first.request)
    picture, reference = a_picture("job_002").sha256, a_picture("job_001").sha256
    compared = Compared(at=9.0, sha256=picture, reference=reference, difference=difference)
    return [*scenario(quiet), *scenario(loud, [compared])]


def accusing(*jobs: str) -> list[Finding]:
    return [Finding("IMG-3", f"{job} (an id)", "whole", "damaged") for job in jobs]


def test_a_damaged_picture_stands_once_beside_its_reference(folder: Path) -> None:
    """With the words of its finding, which knows whose content it is."""
    told = "Partial render detected: rows 40–63 show job_007 (id-job_007)"
    page = damage_gallery(folder, under_load(told), accusing("job_002"))
    assert page.count("<article>") == 1
    assert f"<p>{told}</p>" in page
    assert "top: 62.5%" in page
    for label in ("delivered", "idle reference", "difference"):
        assert f"<figcaption>{label}</figcaption>" in page


def test_whole_pictures_make_no_gallery(folder: Path) -> None:
    assert damage_gallery(folder, under_load(""), accusing("job_002")) == ""


def test_a_picture_that_no_finding_accuses_is_not_shown(folder: Path) -> None:
    """A look that errs, in a scenario that is about something else, is no damage."""
    events = under_load("Partial render detected: rows 40-63")
    about_something_else = [Finding("CBK-4", "job_002 (an id)", "1 delivery", "2")]
    assert damage_gallery(folder, events, [*accusing("job_001"), *about_something_else]) == ""


def test_a_file_without_pixels_has_its_card_too(folder: Path) -> None:
    (folder / a_picture("job_001").path).write_bytes(b"\x89PNG")
    job = spoiled(good_job("job_001"), Examined, defects=("truncated: ends in IHDR",))
    page = damage_gallery(folder, scenario(job), accusing("job_001"))
    assert "truncated: ends in IHDR" in page
    assert f'the file cannot be decoded; <a href="{a_picture("job_001").path}">open it</a>' in page


def test_names_from_the_wire_are_shown_as_text(folder: Path) -> None:
    job = spoiled(good_job("job_001"), Examined, defects=('<img src=x onerror="alert(1)">',))
    page = damage_gallery(folder, scenario(job), accusing("job_001"))
    assert "alert(1)" in page
    assert "<img src=x" not in page

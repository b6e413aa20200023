"""What the suite says of a kept picture."""

from pathlib import Path

import pytest

from asyncproof.images.describe import describe
from asyncproof.images.evidence import BesideReference, evidence, judged
from asyncproof.images.reference.judgement import Tolerance
from tests.support.picture_files import encoded
from tests.unit.images.test_single import DAMAGED, SOUND


@pytest.mark.parametrize("name", ["previous picture", "missing tile", "lost channel", "photo"])
def test_the_suite_and_validate_judge_alike(name: str, tmp_path: Path) -> None:
    """One rule for both: neither keeps a suspicion to itself."""
    pixels = DAMAGED[name][0] if name in DAMAGED else SOUND[name]
    data = encoded(pixels)
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    height, width = pixels.shape[:2]
    seen = evidence(path, "image/png", (width, height))
    assert seen.suspicions == tuple(problem.reason for problem in describe(data))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "reference.png"
    path.write_bytes(encoded(SOUND["photo"]))
    return path


def test_a_picture_that_is_its_reference_has_no_difference(reference: Path) -> None:
    assert judged(reference, reference, Tolerance(0), []) == BesideReference()


def test_a_damaged_part_is_told_as_one(reference: Path, tmp_path: Path) -> None:
    pixels = SOUND["photo"].copy()
    pixels[-40:] = 0
    picture = tmp_path / "picture.png"
    picture.write_bytes(encoded(pixels))
    told = judged(picture, reference, Tolerance(0), [])
    assert told.difference.startswith("Partial render detected: rows ")
    assert told.in_a_part is True


def test_of_what_cannot_be_compared_no_part_is_right(reference: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"no picture")
    told = judged(picture, reference, Tolerance(0), [])
    assert told.difference.startswith("cannot be compared: ")
    assert told.in_a_part is False

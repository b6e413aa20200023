"""What the suite says of a kept picture."""

from pathlib import Path

import pytest

from asyncproof.images.describe import describe
from asyncproof.images.evidence import evidence
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

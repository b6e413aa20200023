"""What `pip install asyncproof` asks for is what the requirements files ask for."""

import re
import tomllib

import pytest

from tests import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def required(file: str) -> list[str]:
    """The requirements of a file, less comments and other files."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return sorted(line for line in lines if re.match(r"\w", line))


def test_the_package_needs_what_the_suite_needs() -> None:
    assert sorted(PROJECT["dependencies"]) == required("requirements_test_async.txt")


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_needs_what_its_file_says(extra: str) -> None:
    assert sorted(EXTRAS[extra]) == required(f"requirements_{extra.replace('-', '_')}.txt")


def test_every_optional_part_of_the_program_is_an_extra() -> None:
    """The files for developers (tests, benchmarks) are none."""
    files = {path.stem.removeprefix("requirements_") for path in ROOT.glob("requirements_*.txt")}
    parts = {name for name in files if not name.startswith(("test", "dev", "bench"))}
    assert {extra.replace("-", "_") for extra in EXTRAS} == parts

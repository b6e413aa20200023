"""Before anything is collected: are the packages there that every suite of this project needs?"""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements_test_async.txt"
SETUP_FAILED = 3


def missing(requirements: str) -> list[str]:
    """The names in a requirements file (its text) that are not installed, in its order."""
    names = re.findall(r"^[A-Za-z0-9._-]+", requirements, re.M)
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        distribution(name)  # not its version, which is in a file to be read
    except PackageNotFoundError:
        return False
    return True


if not_there := missing(REQUIREMENTS.read_text(encoding="utf-8")):
    sys.stderr.write(
        f"Not installed: {', '.join(not_there)}. "
        f"Please run: {sys.executable} -m pip install -r {REQUIREMENTS.name}\n"
    )
    sys.exit(SETUP_FAILED)

pytest_plugins = ["asyncproof.pytest_plugin"]

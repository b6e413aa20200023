"""Paths of the files that come with the program: next to it in a checkout, inside it in a wheel.

``tool.hatch.build`` in ``pyproject.toml`` says what the wheel carries: the suites below
``suites/``, the reference servers below ``servers/`` and the contracts below ``contracts/``.
"""

import os
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_ROOT = PACKAGE.parents[1]
CHECKOUT = _ROOT if (_ROOT / "tests" / "e2e" / "async_inference").is_dir() else None
"""The root of the repository if the program runs from one; None if it is installed."""

HOME = CHECKOUT or Path.cwd()
"""Where reports and callbacks go unless a setting says otherwise."""

SUITES = CHECKOUT / "tests" / "e2e" if CHECKOUT else PACKAGE / "suites"
SERVERS = CHECKOUT or PACKAGE / "servers"
"""The folder that contains the package ``reference``, for ``python -m reference.miner``."""
PYTEST_INI = PACKAGE / "run" / "pytest.ini"


def contract(name: str) -> Path:
    """The page with the clauses of a suite: ``protocol`` or ``worker``."""
    folder = CHECKOUT / "docs" if CHECKOUT else PACKAGE / "contracts"
    return folder / f"{name}.md"


def with_servers(environ: Mapping[str, str]) -> dict[str, str]:
    """The ``PYTHONPATH`` with which ``python -m reference.…`` works from any folder."""
    paths = [str(SERVERS), *filter(None, [environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}

"""What keeps the project in order says the same everywhere it is said."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from asyncproof import __version__
from tests import ROOT

OPTIONAL = {"kubernetes-validate"}  # only for `make test-kubernetes`


def requirements() -> list[Requirement]:
    return [
        Requirement(line)
        for path in sorted(ROOT.glob("requirements_*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\w", line)
    ]


def test_the_constraints_name_a_version_within_the_range_of_each_requirement() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in lines if not line.startswith("#"))
    for wanted in requirements():
        name = canonicalize_name(wanted.name)
        if name not in OPTIONAL:
            assert name in versions
            assert versions[name] in wanted.specifier, wanted


def test_pre_commit_runs_the_tools_of_make_lint() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [shlex.split(hook["entry"])[:2] for repo in config["repos"] for hook in repo["hooks"]]
    lint = re.search(r"^lint:.*\n(?:\t.*\n)+", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert lint
    tools = re.findall(r"\$\(VENV\)/bin/(ruff \w+|[\w-]+)", lint[0])
    assert [" ".join(hook).removeprefix(".venv/bin/") for hook in hooks] == tools


def test_the_changelog_has_the_version_of_the_package() -> None:
    """The version of the package has its section, below what is not released yet."""
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (\S+)", log, re.M)
    assert titles[0] in ("Unreleased", __version__)
    assert __version__ in titles


# Paths, and the names of profiles, of the dialect of docs/protocol.md.
OF_THE_DIALECT = re.compile(
    r"(?:^|[ \"'`])/(?:inference|edit|train|jobs)\b|^(?:inference|edit)$|(?:inference|edit)_jobs"
)
SAID = {
    ("vocabulary.py", "inference"),  # which profile is taken where none is named
    ("wire/draft.py", "inference"),  # what paths of submissions are often called
    ("wire/draft.py", "edit"),
}


def texts(path: Path) -> Iterator[str]:
    """Every text in a module that is not there for a reader alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_nothing_of_the_documents_dialect_stands_outside_of_its_profile() -> None:
    """It is a shipped profile as any other: no server is told by its path or by its name."""
    home = ROOT / "src" / "asyncproof"
    found = {
        (str(path.relative_to(home)), text)
        for path in home.rglob("*.py")
        for text in texts(path)
        if OF_THE_DIALECT.search(text)
    }
    assert found == SAID

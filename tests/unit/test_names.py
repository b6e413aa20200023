"""One word for one thing: no name has two meanings, and the page of modules knows each module."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests import ROOT

PACKAGE = ROOT / "src" / "asyncproof"
PAGE = (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w/]+\.py)` \| (\S.*) \|$", re.M)


def modules() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def named(tree: ast.Module) -> Iterator[str]:
    """The public classes and type aliases that a module defines."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp()):
                if re.match(r"[A-Z]\w*[a-z]", name):
                    yield name


def test_no_two_public_classes_or_types_share_a_name() -> None:
    where = defaultdict[str, list[str]](list)
    for path in modules():
        for name in named(ast.parse(path.read_text(encoding="utf-8"))):
            if not name.startswith("_"):
                where[name].append(str(path.relative_to(PACKAGE)))
    assert len(where) > 100
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_classes_and_aliases_are_seen() -> None:
    text = "class A: ...\nRule = Callable[[int], str]\nOne = int | str\nLIMIT = X[0]\nn = T[0]"
    assert list(named(ast.parse(text))) == ["A", "Rule", "One"]


def test_the_page_of_modules_has_one_line_for_each_module() -> None:
    said = [name for name, _ in ROW.findall(PAGE)]
    public = [path.relative_to(PACKAGE) for path in modules() if path.name != "__init__.py"]
    assert sorted(said) == sorted(path.as_posix() for path in public)


def test_every_module_says_what_it_is_about() -> None:
    silent = [p for p in modules() if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_the_functions_that_the_architecture_names_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    wanted = re.findall(r"`([A-Z]\w+|protocol)\.(\w+)`", page)
    assert len(wanted) > 15
    assert set(wanted) <= {name for path in modules() for name in functions(path)}


def functions(path: Path) -> Iterator[tuple[str, str]]:
    """The functions of a module, each behind the name of the module or of its class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    owners: list[ast.Module | ast.ClassDef] = [tree, *classes]
    for owner in owners:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield owner.name if isinstance(owner, ast.ClassDef) else path.stem, node.name

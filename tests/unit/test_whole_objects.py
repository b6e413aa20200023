"""Objects are whole when they are made: no attribute is born later, in another method."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests import ROOT

# What these have only while they run: start() opens it. Each is made once, by one owner.
OPENED = {
    "CallbackServer": "start _begin_upkeep",
    "CallbackHandler": "use",
    "Forwarder": "start",
    "Store": "_open append forget_lines",
}
CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})
SOURCES = [path for folder in ("src", "reference") for path in (ROOT / folder).rglob("*.py")]


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield path, node


def declared(body: list[ast.stmt]) -> set[str]:
    """The names that are given a type or a value in the body of the class."""
    targets: list[ast.expr] = [s.target for s in body if isinstance(s, ast.AnnAssign)]
    targets += [target for s in body if isinstance(s, ast.Assign) for target in s.targets]
    return {node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name)}


def assigned(method: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The attributes of ``self`` that a method sets."""
    return {
        node.attr
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def methods(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]


def born(node: ast.ClassDef, known: dict[str, ast.ClassDef]) -> set[str]:
    """What an object of this class has from the start, its bases included."""
    names = declared(node.body)
    names = names.union(*(assigned(m) for m in methods(node) if m.name in CONSTRUCTORS))
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in known]
    return names.union(*(born(known[base], known) for base in bases))


def test_no_attribute_is_born_after_the_object() -> None:
    found = list(classes())
    known = {node.name: node for _, node in found}
    late = {
        f"{path.relative_to(ROOT)}: {node.name}.{name} in {method.name}"
        for path, node in found
        for method in methods(node)
        if method.name not in CONSTRUCTORS and method.name not in OPENED.get(node.name, "").split()
        for name in assigned(method) - born(node, known)
    }
    assert not late, "\n".join(sorted(late))

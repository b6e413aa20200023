"""Clauses of a contract, read from the Markdown page that people read.

A clause is a heading ``### CBK-4 (MUST) Exactly one delivery`` and the text below it. A clause's
level is defined only on that page, so the page and the verdict cannot disagree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asyncproof.harness.verdict import Level

FAMILY = re.compile(r"^## (?P<id>[A-Z]+) [–-] (?P<title>.+)$")
HEADING = re.compile(r"^### (?P<id>[A-Z]+-\d+) \((?P<level>MUST|SHOULD|MAY)\) (?P<title>.+)$")


class ContractError(ValueError):
    """An unreadable contract page; the message names the page and the line."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered requirement. ``text`` is Markdown: reason, example, what breaks it.
    ``family`` is the title of its family on the page, if it has one."""

    id: str
    level: Level
    title: str
    text: str
    family: str = ""

    @property
    def rule(self) -> str:
        """Its title and the first sentence of its text, in one line."""
        paragraph = " ".join(self.text.partition("\n\n")[0].split())
        first = re.split(r"(?<=[.;]) ", paragraph, maxsplit=1)[0]
        return f"{self.title}. {first.rstrip(';.:')}." if first else f"{self.title}."

    def __str__(self) -> str:
        return f"{self.id} ({self.level}) {self.title}\n\n{self.text}".rstrip()


def parse(markdown: str) -> dict[str, Clause]:
    """All clauses of a page by id, in the page's order.

    Raises:
        ContractError: an id appears twice, or a heading looks like a clause but is not one.
    """
    clauses, families = dict[str, Clause](), dict[str, str]()
    for section in re.split(r"^(?=##)", markdown, flags=re.MULTILINE):
        heading, _, text = section.partition("\n")
        if family := FAMILY.match(heading):
            families[family["id"]] = family["title"]
        found = HEADING.match(heading)
        if found is None:
            if re.match(r"### [A-Z]+-\d", heading):
                raise ContractError(f"not a clause heading (### ID-1 (MUST) Title): {heading!r}")
            continue
        if found["id"] in clauses:
            raise ContractError(f"clause {found['id']} appears twice")
        level = Level(found["level"])
        clauses[found["id"]] = Clause(
            found["id"],
            level,
            found["title"],
            text.strip(),
            families.get(found["id"].partition("-")[0], ""),
        )
    return clauses


def load(page: Path) -> dict[str, Clause]:
    """The clauses of the page at this path."""
    try:
        return parse(page.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"cannot read the contract {page}: {error.strerror}") from error


def levels(clauses: Mapping[str, Clause]) -> dict[str, Level]:
    return {clause.id: clause.level for clause in clauses.values()}

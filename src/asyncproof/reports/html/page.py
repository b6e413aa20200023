"""A verdict as one HTML page: what broke, what was tested and what was not.

The page needs nothing but itself, and shows its findings and clauses without scripts as well. The
scripts beside it (in ``static``) filter it and draw what a run adds: jobs on timelines.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import CheckResult, Finding, Level, Verdict
from asyncproof.reports import terminal
from asyncproof.reports.grouped import group
from asyncproof.reports.html import plain_markdown

HERE = Path(__file__).parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
SCRIPTS = ("core.js", "filter.js", "timeline.js", "drawer.js", "start.js")
MOST_LISTED = 200  # findings of one cause; all of them are in verdict.json
NOT_IN_SCRIPTS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """What a run says of one clause: ``state`` is held, broken, not applicable or not tested."""

    clause: Clause
    state: str
    judged: int
    findings: int
    reason: str

    @property
    def tone(self) -> str:
        """Which filter of the page it belongs to."""
        if self.state == "broken":
            return "failed" if self.clause.level is Level.MUST else "warned"
        return "passed" if self.state == "held" else "untested"


@dataclass(frozen=True, slots=True)
class About:
    """What a page says beside its verdict. ``facts`` stand at its top, ``notes`` (what was
    observed), ``settings`` and the ``command`` that runs it again at its end; ``counts`` are shown
    in its bar. ``curl`` gives the request behind a finding, "" where there is none; None: no
    finding has one."""

    facts: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    curl: Callable[[Finding], str] | None = None


def page(
    verdict: Verdict,
    clauses: Mapping[str, Clause],
    *,
    title: str,
    about: About,
    body: Markup | None = None,
    scripts_data: Sequence[tuple[str, Any]] = (),
) -> str:
    """The whole page. ``body`` is the suite's own part, safe HTML; ``scripts_data`` are values for
    the scripts, each with the class of the element that holds it."""
    script = _script()
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            verdict=verdict,
            title=title,
            about=about,
            body=body or "",
            clauses=clauses,
            failures=group(verdict.failures),
            warnings=group(verdict.warnings),
            families=list(_families(clauses, verdict)),
            unjudged=[line for line in terminal.unjudged(verdict) if "CRASHED" not in line],
            exercised=list(terminal.exercised(verdict)),
            crashes=[result for result in verdict.results if result.crash],
            most_listed=MOST_LISTED,
            explained=plain_markdown.html,
            inline=plain_markdown.inline,
            coded=plain_markdown.coded,
            style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),  # our own file
            script=Markup(script),  # our own files
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            scripts_data=[(kind, in_script(value)) for kind, value in scripts_data],
        )
    )


@cache
def _script() -> str:
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n' + "\n".join(parts)


def in_script(value: Any) -> Markup:
    """A value as JSON that no text in it can end early, whatever it says."""
    told = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in NOT_IN_SCRIPTS.items():  # several times faster than str.translate
        told = told.replace(character, escape)
    return Markup(told)  # nothing of it can be markup


@cache
def environment(*folders: Path) -> Environment:
    """Templates of these folders and of the page; everything is escaped, nothing undefined."""
    loader = FileSystemLoader([*folders, TEMPLATES])
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _families(
    clauses: Mapping[str, Clause], verdict: Verdict
) -> Iterator[tuple[str, str, list[ClauseRow]]]:
    """Each family with its title and its rows, in the order of the contract."""
    about: dict[str, list[CheckResult]] = {}
    for result in verdict.results:
        for clause in result.clauses:
            about.setdefault(clause, []).append(result)
    rows = [_row(clause, about.get(clause.id, [])) for clause in clauses.values()]
    for family, members in groupby(rows, lambda row: row.clause.id.partition("-")[0]):
        listed = list(members)
        yield family, listed[0].clause.family, listed


def _row(clause: Clause, about: Sequence[CheckResult]) -> ClauseRow:
    judged = sum(result.judged for result in about)
    findings = sum(f.clause == clause.id for result in about for f in result.findings)
    reason = next((result.reason for result in about if result.reason), "")
    if not reason and not judged:
        reason = "there was nothing of the kind" if about else "no test of this run asks"
    return ClauseRow(clause, _state(about, judged, findings), judged, findings, reason)


def _state(about: Iterable[CheckResult], judged: int, findings: int) -> str:
    if findings:
        return "broken"
    if judged:
        return "held"
    return "not applicable" if any(result.reason for result in about) else "not tested"

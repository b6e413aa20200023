"""Writes the result of each file: as JSON lines, CSV, or lines for people."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from asyncproof.validation.work import JudgedFile

COLUMNS = ("path", "valid", "kind", "reason")
Writer = Callable[[JudgedFile], None]


class ResultSink(Protocol):
    """Where results go."""

    def write(self, text: str, /) -> object: ...


def json_lines(out: ResultSink) -> Writer:
    """One object per file, valid or not, with all its problems."""

    def write(judged: JudgedFile) -> None:
        problems = [
            {"kind": p.kind, "reason": p.reason} | ({"region": _box(p.region)} if p.region else {})
            for p in judged.problems
        ]
        row = {"path": judged.path, "valid": judged.is_valid, "problems": problems}
        out.write(json.dumps(row, ensure_ascii=True) + "\n")

    return write


def comma_separated(out: ResultSink) -> Writer:
    """One row per file, valid or not, with its first problem."""
    rows = csv.writer(out, lineterminator="\n")

    def write(judged: JudgedFile) -> None:
        first = judged.problems[0] if judged.problems else None
        path = judged.path.encode("utf-8", "backslashreplace").decode()
        rows.writerow(
            [
                path,
                str(judged.is_valid).lower(),
                first.kind if first else "",
                first.reason if first else "",
            ]
        )

    return write


def table(out: ResultSink) -> Writer:
    """One line for each problem of an invalid file."""

    def write(judged: JudgedFile) -> None:
        for problem in judged.problems:
            path = judged.path.encode("unicode_escape").decode()
            out.write(f"{problem.kind:<13} {path}: {problem.reason}\n")

    return write


WRITERS: dict[str, Callable[[ResultSink], Writer]] = {
    "table": table,
    "jsonl": json_lines,
    "csv": comma_separated,
}


class ValidationTally:
    """How many files were judged, and how many of them had each kind of problem."""

    def __init__(self) -> None:
        self.judged = 0
        self.invalid = 0
        self.kinds: Counter[str] = Counter()

    def add(self, judged: JudgedFile) -> None:
        self.judged += 1
        self.invalid += not judged.is_valid
        self.kinds.update({problem.kind for problem in judged.problems})

    def summary(self, seconds: float) -> str:
        """One line for the end of a run."""
        rate = self.judged / seconds if seconds > 0 else 0.0
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common())
        found = f"{self.invalid} of them invalid ({kinds})" if kinds else "all of them valid"
        return f"{self.judged} images judged in {seconds:.1f} s ({rate:.0f} per second), {found}"


def _box(region: object) -> list[int]:
    return [int(getattr(region, side)) for side in ("left", "top", "right", "bottom")]

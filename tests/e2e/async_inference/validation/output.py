"""Writing what came out of each file: JSON lines, CSV, or lines for a person to read."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tests.e2e.async_inference.validation.work import Judged

COLUMNS = ("path", "valid", "kind", "reason")
Writer = Callable[[Judged], None]


class Sink(Protocol):
    """Where results go."""

    def write(self, text: str, /) -> object: ...


def json_lines(out: Sink) -> Writer:
    """One object a file, valid or not, with all of its problems."""

    def write(judged: Judged) -> None:
        problems = [
            {"kind": p.kind, "reason": p.reason} | ({"region": _box(p.region)} if p.region else {})
            for p in judged.problems
        ]
        row = {"path": judged.path, "valid": judged.is_valid, "problems": problems}
        out.write(json.dumps(row, ensure_ascii=True) + "\n")

    return write


def comma_separated(out: Sink) -> Writer:
    """One row a file, valid or not, with the first of its problems."""
    rows = csv.writer(out, lineterminator="\n")

    def write(judged: Judged) -> None:
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


def table(out: Sink) -> Writer:
    """One line for each problem of a file that is not valid."""

    def write(judged: Judged) -> None:
        for problem in judged.problems:
            path = judged.path.encode("unicode_escape").decode()
            out.write(f"{problem.kind:<13} {path}: {problem.reason}\n")

    return write


WRITERS: dict[str, Callable[[Sink], Writer]] = {
    "table": table,
    "jsonl": json_lines,
    "csv": comma_separated,
}


class Tally:
    """How many files were judged, and how many of them had each kind of problem."""

    def __init__(self) -> None:
        self.judged = 0
        self.invalid = 0
        self.kinds: Counter[str] = Counter()

    def add(self, judged: Judged) -> None:
        self.judged += 1
        self.invalid += not judged.is_valid
        self.kinds.update({problem.kind for problem in judged.problems})

    def summary(self, seconds: float) -> str:
        """One line for the end of a run."""
        rate = self.judged / seconds if seconds > 0 else 0.0
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common())
        found = f"{self.invalid} of them invalid ({kinds})" if kinds else "all of them valid"
        return f"{self.judged} pictures judged in {seconds:.1f} s ({rate:.0f} a second), {found}"


def _box(region: object) -> list[int]:
    return [int(getattr(region, side)) for side in ("left", "top", "right", "bottom")]

"""One row of the matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Row:
    """With this fault, these tests of the suite report exactly these clauses.

    ``echoes`` are clauses that those explain, and that count in the verdict all the same.
    ``fault`` is what follows ``--fault`` (``hang:42``), empty for none. Several names share a row
    where each breaks a clause of its own, so that none can hide behind another. ``tests`` are names
    of test files, or of tests in them, below the suite; ``miner`` are further arguments of the
    miner, ``options`` of pytest; ``settings`` go over the runner's quick ones, by variable.
    ``promises`` is a line of [callback] that the profile of the documents has not.
    """

    fault: str
    clauses: frozenset[str]
    tests: tuple[str, ...]
    miner: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    echoes: frozenset[str] = frozenset()
    promises: str = ""

    @property
    def faults(self) -> list[str]:
        return self.fault.split()

    def given(self, *options: str) -> "Row":
        """The same row with these options of pytest."""
        return replace(self, options=(*self.options, *options))

    def explaining(self, *clauses: str) -> "Row":
        """The same row, whose clauses explain these."""
        return replace(self, echoes=frozenset(clauses))

    def promising(self, line: str) -> "Row":
        """The same row for a miner whose profile promises this about callbacks."""
        return replace(self, promises=line)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.fault or "correct", *self.miner, self.promises)))


def row(fault: str, clauses: str, *tests: str, miner: str = "", **settings: str) -> Row:
    """A row with its clauses and the miner's arguments as words."""
    return Row(fault, frozenset(clauses.split()), tests, tuple(miner.split()), settings)

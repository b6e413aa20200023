"""What to leave out where a run may take only so long, or ask for only so many pictures. Pure.

``--budget 10m`` and ``--budget 60jobs``. Worth most is what judges many clauses for few pictures;
one test for each family comes first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from asyncproof.run.plan import plan
from asyncproof.run.seats import Wish

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TEXT = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|jobs?)", re.ASCII)


class BudgetError(ValueError):
    """The text is no budget; the message says what is."""


@dataclass(frozen=True, slots=True)
class RunBudget:
    """How many seconds a run may take, and how many pictures it may ask for."""

    seconds: float = inf
    pictures: float = inf

    @classmethod
    def parse(cls, text: str) -> "RunBudget":
        """
        Raises:
            BudgetError: the text is no budget.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None or float(found[1]) <= 0:
            raise BudgetError(f"--budget {text}: expected a time or a number, as in 10m or 60jobs")
        if found[2].startswith("job"):
            return cls(pictures=float(found[1]))
        return cls(seconds=float(found[1]) * UNITS[found[2]])


NO_LIMIT = RunBudget()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a test wishes for, and which clauses it judges; ``families`` are those it is about."""

    test: str
    wishes: tuple[Wish, ...]
    clauses: frozenset[str]
    families: frozenset[str]

    @property
    def worth(self) -> float:
        """Clauses for each picture, where it shares none."""
        return len(self.clauses) / max(1, plan(self.wishes, share=False).pictures)


def by_worth(tests: Sequence[Rehearsed]) -> list[Rehearsed]:
    """One test for each family first, then the others; what is worth most before what is not."""
    left = sorted(tests, key=lambda test: -test.worth)
    first: list[Rehearsed] = []
    seen: set[str] = set()
    for test in left:
        if not test.families <= seen:
            first.append(test)
            seen |= test.families
    return [*first, *(test for test in left if test not in first)]


def affordable(tests: Sequence[Rehearsed], budget: RunBudget) -> list[Rehearsed]:
    """Those that can be run with the pictures of the budget, in the order of their worth."""
    chosen: list[Rehearsed] = []
    for test in by_worth(tests):
        wishes = [wish for one in (*chosen, test) for wish in one.wishes]
        if plan(wishes).pictures <= budget.pictures:
            chosen.append(test)
    return chosen

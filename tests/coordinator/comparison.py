"""Which tests differ between alone and together, by chance or by cause; what is shared. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import msgspec

from tests.coordinator.fold import BROKEN, LOST, TestOutcome
from tests.coordinator.result import SuiteResult

SIGNIFICANT = 0.05
Observed = Mapping[tuple[str, str], Sequence[TestOutcome]]
"""For each (suite, test) its outcome in every round, in one of the two settings."""


class Touch(msgspec.Struct, frozen=True):
    """A port, server or path that a suite used; ``test`` is empty outside of tests."""

    kind: str
    what: str
    test: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that several suites use. ``tests`` are those seen to use it."""

    kind: str
    what: str
    suites: tuple[str, ...]
    tests: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.what} (used by {', '.join(self.suites)})"


@dataclass(frozen=True, slots=True)
class Difference:
    """One test whose outcomes are not the same alone and together.

    ``chance`` is the probability that a test that does not care about its neighbours would fail at
    least as unevenly (Fisher's exact test, one-sided).
    """

    suite: str
    test: str
    alone: tuple[TestOutcome, ...]
    together: tuple[TestOutcome, ...]
    chance: float
    shared: tuple[Shared, ...] = ()

    @property
    def verdict(self) -> str:
        """``cause`` where chance is a poor explanation, ``chance`` where it fails alone as well."""
        if self.chance <= SIGNIFICANT:
            return "cause"
        return "chance" if bad(self.alone) and bad(self.together) else "unsettled"

    def __str__(self) -> str:
        return (
            f"{self.test}: not green in {bad(self.alone)} of {len(self.alone)} alone, "
            f"{bad(self.together)} of {len(self.together)} together; {self.verdict} "
            f"(p = {self.chance:.3f})"
        )


def bad(outcomes: Iterable[TestOutcome]) -> int:
    return sum(outcome in BROKEN | LOST for outcome in outcomes)


def observe(rounds: Iterable[SuiteResult]) -> dict[tuple[str, str], list[TestOutcome]]:
    """The outcomes of each test over several results of its suite."""
    observed: dict[tuple[str, str], list[TestOutcome]] = {}
    for result in rounds:
        for test in result.record.tests:
            observed.setdefault((result.suite, test.test), []).append(test.outcome)
    return observed


def differing(
    alone: Observed, together: Observed, shared: Sequence[Shared] = ()
) -> list[Difference]:
    """The tests whose outcomes differ; one that was not even planned counts as never started."""
    rounds = {
        "alone": _rounds(alone),
        "together": _rounds(together),
    }
    differences = []
    for suite, test in dict.fromkeys([*alone, *together]):
        a = _padded(alone.get((suite, test), ()), rounds["alone"].get(suite, 0))
        b = _padded(together.get((suite, test), ()), rounds["together"].get(suite, 0))
        if set(a) != set(b):
            used = tuple(s for s in shared if test in s.tests)
            p = min(fisher(bad(a), len(a), bad(b), len(b)), fisher(bad(b), len(b), bad(a), len(a)))
            differences.append(Difference(suite, test, a, b, p, used))
    return differences


def _rounds(observed: Observed) -> dict[str, int]:
    most: dict[str, int] = {}
    for (suite, _), outcomes in observed.items():
        most[suite] = max(most.get(suite, 0), len(outcomes))
    return most


def _padded(outcomes: Sequence[TestOutcome], rounds: int) -> tuple[TestOutcome, ...]:
    missing = max(0, rounds - len(outcomes))
    return (*outcomes, *[TestOutcome.NEVER_STARTED] * missing)


def fisher(bad_a: int, a: int, bad_b: int, b: int) -> float:
    """P(at least ``bad_b`` of the failures fall into the second group), margins fixed.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution.
    """
    failures = bad_a + bad_b
    worst = min(failures, b)
    ways = sum(comb(b, k) * comb(a, failures - k) for k in range(bad_b, worst + 1))
    return ways / comb(a + b, failures) if failures <= a + b else 1.0


def find_shared(touches: Mapping[str, Iterable[Touch]]) -> list[Shared]:
    """What at least two suites touched. A server of this machine is the port that it listens on, so
    that binding a port and connecting to it are seen as the same thing."""
    users: dict[tuple[str, str], dict[str, set[str]]] = {}
    for suite, touched in touches.items():
        for touch in touched:
            users.setdefault(_thing(touch), {}).setdefault(suite, set()).add(touch.test)
    return [
        Shared(kind, what, tuple(by), frozenset(set().union(*by.values()) - {""}))
        for (kind, what), by in sorted(users.items())
        if len(by) > 1
    ]


def _thing(touch: Touch) -> tuple[str, str]:
    host, _, port = touch.what.rpartition(":")
    local = touch.kind == "server" and host == "127.0.0.1"
    return ("port", port) if local else (touch.kind, touch.what)

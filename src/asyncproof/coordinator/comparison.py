"""Which tests differ between alone and together, by chance or by cause; what is shared. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

import msgspec

from asyncproof.coordinator.build import BROKEN, LOST, TestOutcome
from asyncproof.coordinator.exit_reason import Reason
from asyncproof.coordinator.result import SuiteResult

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Observed:
    """What happened in one of the two settings: for each (suite, test) its outcomes, and for each
    suite how many rounds it took part in."""

    outcomes: Mapping[tuple[str, str], Sequence[TestOutcome]]
    rounds: Mapping[str, int]

    def of(self, suite: str, test: str) -> tuple[TestOutcome, ...]:
        """One for each round. A test that was not planned in a round counts as never started."""
        seen = tuple(self.outcomes.get((suite, test), ()))
        missing = self.rounds.get(suite, 0) - len(seen)
        return (*seen, *[TestOutcome.NEVER_STARTED] * missing)


class Touch(msgspec.Struct, frozen=True):
    """A port, server or path that a suite used; ``test`` is empty outside of tests."""

    kind: str
    what: str
    test: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that several suites use. ``tests`` are those observed to use it."""

    kind: str
    what: str
    suites: tuple[str, ...]
    tests: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.what} (used by {', '.join(self.suites)})"


@dataclass(frozen=True, slots=True)
class TestDifference:
    """One test whose outcomes are not the same alone and together.

    ``chance`` is the probability that a test that is independent of other suites would fail at
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
        """``cause`` if chance is unlikely, ``chance`` if it also fails alone."""
        if self.chance <= SIGNIFICANT:
            return "cause"
        return "chance" if bad(self.alone) and bad(self.together) else "unsettled"

    def __str__(self) -> str:
        more = "; use more --repeats to decide" if self.verdict == "unsettled" else ""
        return (
            f"{self.test}: alone {_told(self.alone)}; together {_told(self.together)}; "
            f"{self.verdict} (p = {self.chance:.3f}{more})"
        )


def _told(outcomes: Sequence[TestOutcome]) -> str:
    """``3 passed, 1 failed``."""
    return ", ".join(f"{n} {outcome.value}" for outcome, n in Counter(outcomes).items())


def bad(outcomes: Iterable[TestOutcome]) -> int:
    return sum(outcome in BROKEN | LOST for outcome in outcomes)


def observe(results: Iterable[SuiteResult]) -> Observed:
    """The outcomes of each test over several results of its suite. A suite that was not run has no
    outcomes."""
    outcomes: dict[tuple[str, str], list[TestOutcome]] = {}
    rounds: Counter[str] = Counter()
    for result in results:
        if result.ending.reason is Reason.NOT_RUN:
            continue
        rounds[result.suite] += 1
        for test in result.record.tests:
            outcomes.setdefault((result.suite, test.test), []).append(test.outcome)
    return Observed(outcomes, rounds)


def differing(
    alone: Observed, together: Observed, shared: Sequence[Shared] = ()
) -> list[TestDifference]:
    """The tests whose outcomes differ between the two settings."""
    differences = []
    for suite, test in dict.fromkeys([*alone.outcomes, *together.outcomes]):
        a, b = alone.of(suite, test), together.of(suite, test)
        if a and b and _shares(a) != _shares(b):
            used = tuple(s for s in shared if test in s.tests)
            p = min(fisher(bad(a), len(a), bad(b), len(b)), fisher(bad(b), len(b), bad(a), len(a)))
            differences.append(TestDifference(suite, test, a, b, p, used))
    return differences


def _shares(outcomes: Sequence[TestOutcome]) -> dict[TestOutcome, Fraction]:
    """How often each outcome came, so that settings with unequal rounds can be compared."""
    return {o: Fraction(n, len(outcomes)) for o, n in Counter(outcomes).items()}


def fisher(bad_a: int, a: int, bad_b: int, b: int) -> float:
    """P(at least ``bad_b`` of the failures fall into the second group), margins fixed.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution.
    """
    failures = bad_a + bad_b
    worst = min(failures, b)
    ways = sum(comb(b, k) * comb(a, failures - k) for k in range(bad_b, worst + 1))
    return ways / comb(a + b, failures) if failures <= a + b else 1.0


def find_shared(
    touches: Mapping[str, Iterable[Touch]], *, one_machine: bool = True
) -> list[Shared]:
    """What at least two suites use. A server of this machine is the port that it listens on, so
    that binding a port and connecting to it are the same thing. If each suite has its own machine
    (a pod), only servers elsewhere are shared."""
    users: dict[tuple[str, str], dict[str, set[str]]] = {}
    for suite, touched in touches.items():
        for touch in touched:
            if one_machine or _is_elsewhere(touch):
                users.setdefault(_thing(touch), {}).setdefault(suite, set()).add(touch.test)
    return [
        Shared(kind, what, tuple(by), frozenset(set().union(*by.values()) - {""}))
        for (kind, what), by in sorted(users.items())
        if len(by) > 1
    ]


def _is_elsewhere(touch: Touch) -> bool:
    return touch.kind == "server" and not touch.what.startswith(("127.", "0.0.0.0:"))


def _thing(touch: Touch) -> tuple[str, str]:
    host, _, port = touch.what.rpartition(":")
    local = touch.kind == "server" and host == "127.0.0.1"
    return ("port", port) if local else (touch.kind, touch.what)

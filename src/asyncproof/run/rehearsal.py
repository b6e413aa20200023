"""What tests will ask the testbed to run, found out before it does: their bodies, rehearsed.

A test of the suite makes jobs, runs them, and judges what happened. In a rehearsal its testbed runs
nothing and only notes the wish, and the test ends where it would judge.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import pytest

from asyncproof.harness.verdict import Check
from asyncproof.history.history import History
from asyncproof.nemesis import Nemesis
from asyncproof.receiver.nemesis import QUIET
from asyncproof.run.budget import Rehearsed
from asyncproof.run.fixtures import draw_for, fitting, jobs_to_meet_each_engine
from asyncproof.run.preflight import Offer
from asyncproof.run.pytest_markers import families, when
from asyncproof.run.seats import Wish
from asyncproof.run.session import Session
from asyncproof.settings import Settings
from asyncproof.workload.scenario import Scenario


class _Over(BaseException):
    """The test came to its judgement, by these checks."""

    def __init__(self, checks: Sequence[Check[History]]) -> None:
        super().__init__()
        self.clauses = frozenset(clause for check in checks for clause in check.clauses)


class _NotingTestbed:
    """Notes what it is asked to run, and runs nothing."""

    def __init__(self, test: pytest.Item, offer: Offer, session: Session, *, alone: bool) -> None:
        self.dialect, self.loras, self.small = session.dialect, offer.loras, session.small
        self.jobs_to_meet_each_engine = jobs_to_meet_each_engine(offer)
        self.wishes: list[Wish] = []
        self._test, self._alone = test, alone

    def run(self, scenario: Scenario, nemesis: Nemesis | None = None) -> History:
        nemesis = nemesis or QUIET
        self.wishes.append(
            Wish(
                self._test.name,
                fitting(scenario, self.dialect, nemesis),
                nemesis,
                turn=len(self.wishes),
                when=when(self._test),
                alone=nemesis != QUIET and self._alone,
            )
        )
        return History()

    def plain_job_after(self, history: History) -> History:
        return history


def _ends_here(_: History, checks: Sequence[Check[History]]) -> NoReturn:
    raise _Over(checks)


def rehearsed(session: Session, tests: Sequence[pytest.Item], offer: Offer) -> list[Rehearsed]:
    """What these tests wish for, from a miner with this offer. Tests that use fixtures of their own
    cannot be rehearsed, and are left out."""
    found = (_rehearse(session, test, offer) for test in tests)
    return [each for each in found if each is not None]


def _rehearse(session: Session, test: pytest.Item, offer: Offer) -> Rehearsed | None:
    body: Callable[..., object] | None = getattr(test, "obj", None)
    if body is None:
        return None
    testbed = _NotingTestbed(test, offer, session, alone=_is_nobodys_to_prepare(session.settings))
    known: dict[str, Any] = {
        "testbed": testbed,
        "settings": session.settings,
        "draw": draw_for(session, test),
        "judge": _ends_here,
        **getattr(getattr(test, "callspec", None), "params", {}),
    }
    wanted = inspect.signature(body).parameters
    if not known.keys() >= wanted.keys():
        return None
    clauses = frozenset[str]()
    try:
        body(**{name: known[name] for name in wanted})
    except _Over as over:
        clauses = over.clauses
    except pytest.skip.Exception:
        pass
    except Exception:  # what fails here fails when the test is run, and is told there
        return None
    return Rehearsed(test.name, tuple(testbed.wishes), clauses, families(test))


def _is_nobodys_to_prepare(settings: Settings) -> bool:
    """Whether callbacks come to a server that knows one url and no nemesis."""
    return settings.external_callback and settings.callback_control_url is None

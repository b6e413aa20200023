"""A signal ends a run once, where it may, and is only noted elsewhere."""

import signal
from collections.abc import Iterator

import pytest

from asyncproof.run.early_end import EarlyEnd


@pytest.fixture
def ending() -> Iterator[EarlyEnd]:
    """Installed; afterwards the signals are pytest's again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ending = EarlyEnd()
    ending.install()
    yield ending
    ending.pytest_unconfigure()
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_may_be_ended(ending: EarlyEnd, number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), ending.interruptible():
        signal.raise_signal(number)
    assert ending.received == number.name


def test_elsewhere_it_is_noted_and_ends_the_next_such_work(ending: EarlyEnd) -> None:
    signal.raise_signal(signal.SIGTERM)
    done = []
    with pytest.raises(KeyboardInterrupt), ending.interruptible():
        done.append("work")
    assert done == []


def test_a_second_signal_disturbs_nothing(ending: EarlyEnd) -> None:
    cleaned_up = []
    with pytest.raises(KeyboardInterrupt), ending.interruptible():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned_up.append(True)
    signal.raise_signal(signal.SIGINT)
    assert (cleaned_up, ending.received) == ([True], "SIGTERM")


def test_installing_twice_gives_back_what_was_there_before(ending: EarlyEnd) -> None:
    ending.install()


def test_what_the_parent_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    ending = EarlyEnd()
    try:
        ending.install()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        ending.pytest_unconfigure()
        signal.signal(signal.SIGINT, before)

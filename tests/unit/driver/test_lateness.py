"""Our own delay: measured, recorded where it is worth telling, and no fault of the miner."""

from asyncproof.driver.lateness import Lateness
from asyncproof.history.events import AsyncEvent, FellBehind


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def after(*polls: tuple[float, float]) -> tuple[Lateness, list[AsyncEvent]]:
    """Polls as (seconds of the run, seconds late)."""
    clock, events = Clock(), list[AsyncEvent]()
    lateness = Lateness(clock, events.append)
    for clock.now, late in polls:
        lateness.add(late)
    return lateness, events


def test_each_second_with_late_polls_is_one_event_with_the_worst() -> None:
    _, events = after((0.2, 0.1), (0.5, 0.9), (0.9, 0.4), (1.1, 0.1), (1.5, 0.0), (2.2, 0.0))
    assert events == [FellBehind(at=1.1, since=0.0, worst=0.9, polls=4)]


def test_small_delays_are_measured_and_not_told() -> None:
    lateness, events = after(*((n / 10, 0.01) for n in range(100)))
    assert events == []
    assert lateness.seen.count == 100
    assert lateness.since(0.0) == 0.0


def test_the_worst_since_a_moment() -> None:
    lateness, _ = after((0.5, 2.0), (1.5, 0.0), (5.0, 0.5), (6.5, 0.0))
    assert (lateness.since(0.0), lateness.since(3.0), lateness.since(9.0)) == (2.0, 0.5, 0.0)

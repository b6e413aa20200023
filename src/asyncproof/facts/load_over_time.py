"""How many jobs a miner had, and how many of them waited, at each moment of a run."""

from collections.abc import Iterable
from dataclasses import dataclass

from asyncproof.facts.spans import began_at, ended_at, last_seen
from asyncproof.history.history import History


@dataclass(frozen=True, slots=True)
class LoadOverTime:
    """Steps (seconds of the run, jobs from then on), each list in the order of time."""

    in_flight: tuple[tuple[float, int], ...]
    queued: tuple[tuple[float, int], ...]


def load_over_time(history: History) -> LoadOverTime:
    """From the answer to a submission to the end of its job; from the submission on where a miner
    answers only when the work is done. A job without an end that was seen
    counts until it was given up, or until its last answer."""
    flights, waits = list[tuple[float, int]](), list[tuple[float, int]]()
    for job in history.accepted:
        assert job.answered is not None  # it was accepted
        ended = ended_at(history, job)
        answers_first = ended is None or job.answered.at < ended
        entered = job.answered.at if answers_first else job.submitted.at
        left = last_seen(job) if ended is None else max(entered, ended)
        begun = began_at(history, job)
        served = left if begun is None else min(max(begun, entered), left)
        flights += [(entered, 1), (left, -1)]
        waits += [(entered, 1), (served, -1)]
    return LoadOverTime(_steps(flights), _steps(waits))


def peak(history: History) -> int:
    """The most jobs in flight at any one moment."""
    return max((count for _, count in load_over_time(history).in_flight), default=0)


def _steps(changes: Iterable[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    """Running totals, one for each moment; an end at the moment of a beginning comes first."""
    steps, total = list[tuple[float, int]](), 0
    for at, change in sorted(changes):
        total += change
        if steps and steps[-1][0] == at:
            steps[-1] = (at, total)
        else:
            steps.append((at, total))
    return tuple(steps)

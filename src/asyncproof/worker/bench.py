"""The figures of a benchmark, computed from a history."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from asyncproof.worker.events import Inferred
from asyncproof.worker.record import WorkerHistory, WorkerRecord

PURPOSE = "benchmark "


@dataclass(frozen=True, slots=True)
class LoadLevel:
    """Good requests with ``concurrency`` at once. Times in seconds, rates in tokens per second.

    ``tokens_per_second`` is all tokens over the time of the whole level; p50 and p95 are nearest
    ranks over requests. ``first_token`` is None if no answer was a stream.
    """

    worker: str
    concurrency: int
    requests: int
    failed: int
    first_token_p50: float | None
    first_token_p95: float | None
    request_p50: float
    request_p95: float
    tokens_per_second: float


def levels(record: WorkerHistory) -> Iterator[LoadLevel]:
    """The levels in the order in which they ran. A level without a good request is left out."""
    for worker in record.workers:
        for purpose in dict.fromkeys(g.purpose for g in worker.inferred):
            if purpose.startswith(PURPOSE):
                yield from _level(worker, purpose)


def _level(worker: WorkerRecord, purpose: str) -> Iterator[LoadLevel]:
    made = [g for g in worker.inferred if g.purpose == purpose]
    good = [g for g in made if g.status_code == 200 and not g.error and not g.problems]
    if not good:
        return
    firsts = [_first(g) for g in good if g.style == "stream" and g.first_token is not None]
    requests = [g.at - g.began for g in good]
    length = max(g.at for g in good) - min(g.began for g in good)
    yield LoadLevel(
        worker.name,
        int(purpose.removeprefix(PURPOSE)),
        len(made),
        len(made) - len(good),
        rank(firsts, 0.5) if firsts else None,
        rank(firsts, 0.95) if firsts else None,
        rank(requests, 0.5),
        rank(requests, 0.95),
        sum(g.tokens for g in good) / length if length else 0.0,
    )


def _first(generation: Inferred) -> float:
    return (generation.first_token or generation.began) - generation.began


def rank(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that ``share`` of all do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share - 1e-9) - 1)]


def as_data(record: WorkerHistory) -> dict[str, Any]:
    ready = {w.name: w.ready.took for w in record.workers if w.ready}
    return {"seconds_to_ready": ready, "levels": [asdict(level) for level in levels(record)]}


def table(record: WorkerHistory) -> list[str]:
    """The figures in aligned plain text."""
    lines = [
        f"{name}: ready after {took:.2f} s"
        for name, took in as_data(record)["seconds_to_ready"].items()
    ]
    lines.append(
        f"{'worker':<10}{'at once':>8}{'requests':>9}{'failed':>7}{'first token p50/p95':>22}"
        f"{'request p50/p95':>19}{'tokens/s':>10}"
    )
    for level in levels(record):
        first = "-"
        if level.first_token_p50 is not None and level.first_token_p95 is not None:
            first = f"{level.first_token_p50 * 1e3:.1f}/{level.first_token_p95 * 1e3:.1f} ms"
        request = f"{level.request_p50 * 1e3:.0f}/{level.request_p95 * 1e3:.0f} ms"
        lines.append(
            f"{level.worker:<10}{level.concurrency:>8}{level.requests:>9}{level.failed:>7}{first:>22}"
            f"{request:>19}{level.tokens_per_second:>10.0f}"
        )
    return lines

"""Views of the inference processes for operators: ``GET /workers`` and ``GET /metrics``."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reference.miner.engine import Engine
from reference.miner.supervision.clocks import judge
from reference.miner.supervision.fleet import Slot

PREFIX = "reference_miner"
BOOKS = ("submitted", "completed", "faulted", "retried")


def workers(engine: Engine, at: float) -> dict[str, Any]:
    """Slots with their processes, where jobs hang, and totals. Ages are in seconds."""
    slots = enumerate(engine.fleet.slots)
    return {
        "workers": [_worker(engine, number, slot, at) for number, slot in slots],
        "hangs": [
            {"model": model, "stage": stage, "percent": percent, "count": count}
            for (model, stage, percent), count in engine.fleet.hangs.most_common(50)
        ],
        "books": {name: engine.books[name] for name in BOOKS}
        | {"queued": engine.waiting, "late_results": engine.fleet.late},
        "heartbeats": engine.fleet.heartbeats,
    }


def _worker(engine: Engine, number: int, slot: Slot, at: float) -> dict[str, Any]:
    record: dict[str, Any] = {
        "slot": number,
        "replacements": slot.replacements,
        "recent_failures": len(slot.failures),
        "quarantined": slot.quarantined,
        "state": "quarantined" if slot.quarantined else "replacing",
    }
    if slot.process is None:
        return record
    seen = judge(slot.process, engine.fleet.policy.budgets, at)
    return record | {
        "launch": slot.process.launch,
        "pid": engine.pid(number),
        "state": slot.process.state,
        "condition": seen.condition,
        "job_id": engine.named(slot.process.job),
        "model": slot.process.model or None,
        "percent": seen.percent,
        "last_heartbeat_age": round(seen.silent, 3),
        "last_progress_age": round(seen.still, 3),
        "job_age": round(seen.total, 3),
        "budget": seen.budget,
    }


def metrics(engine: Engine) -> bytes:
    """The counters in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(engine))
    return generate_latest(registry)


class _Numbers(Collector):
    """Reads the engine's own counts on request; nothing is counted twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        fleet, books = self._engine.fleet, self._engine.books
        for name in BOOKS:
            yield CounterMetricFamily(f"{PREFIX}_jobs_{name}", f"Jobs {name}", value=books[name])
        stalls = CounterMetricFamily(
            f"{PREFIX}_stalls", "Processes found hanging", labels=["condition", "stage"]
        )
        for (condition, stage), count in fleet.stalls.items():
            stalls.add_metric([condition, stage], count)
        yield stalls
        replaced = sum(slot.replacements for slot in fleet.slots)
        yield CounterMetricFamily(f"{PREFIX}_replacements", "Processes replaced", value=replaced)
        late = CounterMetricFamily(
            f"{PREFIX}_late_results", "Results of replaced processes, refused", value=fleet.late
        )
        yield late
        yield CounterMetricFamily(
            f"{PREFIX}_heartbeats", "Signs of life taken", value=fleet.heartbeats
        )
        yield GaugeMetricFamily(f"{PREFIX}_jobs_queued", "Jobs waiting", value=self._engine.waiting)
        resting = sum(slot.quarantined for slot in fleet.slots)
        yield GaugeMetricFamily(f"{PREFIX}_slots_quarantined", "Slots at rest", value=resting)

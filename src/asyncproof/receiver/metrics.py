"""What ``/metrics`` tells Prometheus. Counting costs a callback next to nothing."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from asyncproof.history.events import Delivered, NemesisActed

BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)  # seconds
OUTCOMES = ("stored", "remarked", "broken", "not_stored", "refused")
VERDICTS = ("sound", "damaged")
PASSED = ("answered", "held", "later", "set_aside")


def outcome(event: Delivered) -> str:
    """What became of a delivery, in one of the words of ``OUTCOMES``."""
    if event.secret != "match":
        return "refused"
    if event.answered == 507:
        return "not_stored"
    if event.broken:
        return "broken"
    return "remarked" if event.problems else "stored"


class Metrics(Collector):
    """Counts deliveries; ``judged`` counts pictures by verdict and is kept by who judges them.

    ``forwarded`` counts callbacks by what the consumer made of them (None: they are not passed on),
    and ``outbox`` says how many wait for it.
    """

    def __init__(self) -> None:
        self.judged: Mapping[str, int] = {}
        self.forwarded: Mapping[str, int] | None = None
        self.outbox: Callable[[], int] = int
        self._outcomes: Counter[str] = Counter()
        self._picture_bytes = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(BUCKETS) + 1)

    def note(self, event: Delivered | NemesisActed) -> None:
        """Count a delivery."""
        if isinstance(event, NemesisActed):
            return
        what = outcome(event)
        self._outcomes[what] += 1
        if what == "refused":
            return
        took = event.at - event.began
        self._seconds += took
        self._buckets[bisect_left(BUCKETS, took)] += 1
        if event.image is not None:
            self._picture_bytes += event.image.size

    def text(self) -> bytes:
        """All of it in Prometheus' format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        callbacks = CounterMetricFamily(
            "asyncproof_callbacks", "Delivery attempts, by what became of them", labels=["outcome"]
        )
        for word in OUTCOMES:
            callbacks.add_metric([word], self._outcomes[word])
        yield callbacks
        yield CounterMetricFamily(
            "asyncproof_picture_bytes", "Bytes of stored pictures", value=self._picture_bytes
        )
        yield HistogramMetricFamily(
            "asyncproof_callback_seconds",
            "First to last byte of a callback with the right secret",
            buckets=list(self._cumulated()),
            sum_value=self._seconds,
        )
        judged = CounterMetricFamily(
            "asyncproof_pictures_judged", "Pictures that were looked at", labels=["verdict"]
        )
        for verdict in VERDICTS:
            judged.add_metric([verdict], self.judged.get(verdict, 0))
        yield judged
        yield from self._passed_on()

    def _passed_on(self) -> Iterator[Metric]:
        if self.forwarded is None:
            return
        passed = CounterMetricFamily(
            "asyncproof_forwarded", "Callbacks for the consumer, by outcome", labels=["outcome"]
        )
        for word in PASSED:
            passed.add_metric([word], self.forwarded.get(word, 0))
        yield passed
        yield GaugeMetricFamily(
            "asyncproof_outbox", "Callbacks that wait for the consumer", value=self.outbox()
        )

    def _cumulated(self) -> Iterator[tuple[str, float]]:
        total = 0
        for edge, count in zip([*map(str, BUCKETS), "+Inf"], self._buckets, strict=True):
            total += count
            yield edge, total

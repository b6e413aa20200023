"""Jobs that nearly met: their callbacks came within a moment of each other.

That is no defect. Where two jobs end at nearly the same time, what they share is in use by both, so
a race that is there shows sooner. Ends out of order are counted beside them: they show that jobs
overtake each other at all.
"""

from dataclasses import dataclass, field

from asyncproof.history.events import AsyncEvent, Delivered, Settled, Submitted

MOMENT = 0.02  # seconds between the callbacks of two jobs


@dataclass(slots=True)
class NearMisses:
    """Takes the events of a run. ``count`` is how many jobs nearly met another, of ``jobs`` that
    settled; ``overtaken`` how many ended after one that was sent later."""

    count: int = 0
    jobs: int = 0
    overtaken: int = 0
    _sent: int = 0
    _latest: int = 0
    _order: dict[str, tuple[int, str]] = field(default_factory=dict)
    _by_token: dict[str, str] = field(default_factory=dict)
    _near: set[str] = field(default_factory=set)
    _last: tuple[float, str] = (-1.0, "")

    def take(self, event: AsyncEvent) -> bool | None:
        """Whether the job that has settled by this event had nearly met another; None where none
        has."""
        if isinstance(event, Submitted):
            self._sent += 1
            self._order.setdefault(event.job, (self._sent, event.token))
            self._by_token[event.token] = event.job
        elif isinstance(event, Delivered):
            self._delivered(event)
        elif isinstance(event, Settled) and event.job in self._order:
            return self._settled(event.job)
        return None

    def _delivered(self, event: Delivered) -> None:
        name = self._by_token.get(event.token or "")
        if name is None:
            return
        before, other = self._last
        if event.began - before < MOMENT and other != name:
            self._near |= {name, other}
        order, _ = self._order[name]
        self.overtaken += order < self._latest
        self._latest = max(self._latest, order)
        self._last = event.at, name

    def _settled(self, name: str) -> bool:
        _, token = self._order.pop(name)
        self._by_token.pop(token, None)
        near = name in self._near
        self._near.discard(name)
        self.jobs += 1
        self.count += near
        return near

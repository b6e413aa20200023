"""What one address may take of the server, so that it leaves something to the others."""

import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from asyncproof.receiver.access import address

WINDOW = 60.0  # seconds
_MOST_ADDRESSES = 10_000
_SITE = 64  # bits of an IPv6 address that one customer of a provider has in common


@dataclass(frozen=True, slots=True)
class AddressRules:
    """How many connections one address may have open, and how many requests without the right
    secret or token it may make in a minute. None: any number."""

    connections: int | None = None
    refusals: int | None = None


class AddressLimits:
    """Counts by address: IPv4 addresses, and networks of 64 bits of IPv6.

    This machine has no limits: behind a proxy on it, everybody has its address.
    """

    def __init__(self, rules: AddressRules, clock: Callable[[], float]) -> None:
        self._rules = rules
        self._clock = clock
        self._open: Counter[str] = Counter()
        self._refused: dict[str, tuple[float, int]] = {}

    def connected(self, peer: str | None) -> bool:
        """Count a connection; whether it may stay. :meth:`disconnected` must follow in any case."""
        key = _key(peer)
        if key is None or self._rules.connections is None:
            return True
        self._open[key] += 1
        return self._open[key] <= self._rules.connections

    def disconnected(self, peer: str | None) -> None:
        key = _key(peer)
        if key is None or self._rules.connections is None:
            return
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    def refused(self, peer: str | None) -> None:
        """Count a request without the right secret or token."""
        key = _key(peer)
        if key is None or self._rules.refusals is None:
            return
        began, count = self._refused.pop(key, (self._clock(), 0))
        if self._clock() - began >= WINDOW:
            began, count = self._clock(), 0
        self._refused[key] = began, count + 1
        if len(self._refused) > _MOST_ADDRESSES:
            del self._refused[next(iter(self._refused))]

    def blocked_for(self, peer: str | None) -> float:
        """For how many seconds nothing of an address is looked at any more; 0: it is welcome."""
        key = _key(peer)
        if key is None or self._rules.refusals is None:
            return 0.0
        began, count = self._refused.get(key, (0.0, 0))
        left = began + WINDOW - self._clock()
        return left if count >= self._rules.refusals and left > 0 else 0.0


@lru_cache(1024)  # most connections bring more than one callback
def _key(peer: str | None) -> str | None:
    """What is counted together; None: nothing is counted."""
    found = address(peer)
    if found is None or found.is_loopback:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found), _SITE), strict=False))
    return str(found)

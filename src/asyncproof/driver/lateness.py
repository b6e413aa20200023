"""How late our own polls leave: the delay of the observer, which is no fault of the miner."""

from collections import deque
from collections.abc import Callable

from asyncproof.history.events import AsyncEvent, FellBehind
from asyncproof.liveness.sketch import Sketch

WORTH_TELLING = 0.25  # seconds
WINDOW = 1.0  # seconds that one event is about
REMEMBERED = 120  # windows: about as long as anything is waited for


class Lateness:
    """Of the polls of one run. ``seen`` has every one of them; what is worth telling is recorded,
    one event for each window. ``clock`` gives seconds since the start of the run."""

    def __init__(self, clock: Callable[[], float], record: Callable[[AsyncEvent], None]) -> None:
        self._clock, self._record = clock, record
        self.seen = Sketch()
        self._since, self._worst, self._polls = clock(), 0.0, 0
        self._recent: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    def add(self, late: float) -> None:
        """A poll left so many seconds after it was due."""
        now, late = self._clock(), max(0.0, late)
        self.seen.add(late)
        self._polls += 1
        self._worst = max(self._worst, late)
        if now - self._since >= WINDOW:
            self._close(now)

    def _close(self, now: float) -> None:
        if self._worst >= WORTH_TELLING:
            since, worst = self._since, self._worst
            self._record(FellBehind(at=now, since=since, worst=worst, polls=self._polls))
            self._recent.append((now, worst))
        self._since, self._worst, self._polls = now, 0.0, 0

    def since(self, at: float) -> float:
        """The worst since this moment, as far as it is worth telling: how much sooner what we saw
        late may have happened."""
        recent = max((worst for when, worst in self._recent if when >= at), default=0.0)
        return max(recent, self._worst if self._worst >= WORTH_TELLING else 0.0)

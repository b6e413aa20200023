"""When each job in flight is to be polled next: one heap for all of them."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

from asyncproof.driver.job_state import JobState

MOMENT = 0.005  # seconds


class DueTimes:
    """Jobs by the time at which they are due. A later time for a job replaces its earlier one.

    ``clock`` gives seconds since the start of the run. Belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, int, JobState]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self.late = 0.0

    def set(self, state: JobState, due: float) -> None:
        state.turn += 1
        heapq.heappush(self._heap, (due, next(self._order), state.turn, state))
        if self._heap[0][3] is state:  # sooner than what is waited for
            self._changed.set()

    async def next(self) -> JobState:
        """The next job, as soon as it is due; ``late`` says how long it has been, in seconds.

        Times that were replaced are passed over. Of many jobs, those that are due within a moment
        are waited for together: waking up costs more than a poll may be late by it.
        """
        while True:
            wait = self._heap[0][0] - self._clock() if self._heap else None
            if wait is None or wait > 0:
                await self._change(wait)
                continue
            due, _, turn, state = heapq.heappop(self._heap)
            if turn == state.turn:
                self.late = self._clock() - due
                return state

    async def _change(self, wait: float | None) -> None:
        """Return when a job is due, or there is one that is due sooner."""
        self._changed.clear()
        if wait is None:
            await self._changed.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(wait, MOMENT), self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

"""An event loop in a thread of its own, for code that is not asynchronous itself."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_END = 10.0  # seconds that cancelled work may take to end


class LoopThread:
    """Runs from when it is made until :meth:`close`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work there and wait for it. An interrupt here, or a time limit of pytest that was
        reached, ends the work there as well: nothing of it goes on."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            self._end_tasks(asyncio.Task.cancelling)
            raise

    def close(self) -> None:
        """End what is still at work, and the thread."""
        self._end_tasks(lambda _: True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _end_tasks(self, chosen: Callable[[asyncio.Task[Any]], object]) -> None:
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(_end(chosen), self._loop).result(LONGEST_END)


async def _end(chosen: Callable[[asyncio.Task[Any]], object]) -> None:
    me = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not me and chosen(task)]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

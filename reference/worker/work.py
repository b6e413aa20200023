"""What the worker is doing: its state, and tokens handed from an engine's thread to the loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from reference.worker.engine import Engine, Request


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation."""

    reason: str


class Work:
    """The engine and the requests in flight. Belongs to one event loop."""

    def __init__(self, slots: int) -> None:
        self.engine: Engine | None = None
        self.stopping = False
        self.begun = 0
        self.in_flight = 0
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="generate")

    @property
    def ready(self) -> bool:
        return self.engine is not None and not self.stopping

    @property
    def state(self) -> str:
        if self.stopping:
            return "stopped"
        if self.engine is None:
            return "starting"
        return "busy" if self.in_flight else "ready"

    @contextmanager
    def one_request(self) -> Iterator[int]:
        """Counts as busy inside; gives the request's number, from 1."""
        self.begun += 1
        self.in_flight += 1
        try:
            yield self.begun
        finally:
            self.in_flight -= 1

    async def generate(self, request: Request) -> AsyncGenerator[str | Finished, None]:
        """The tokens as they come, and then :class:`Finished`. Stops the engine when closed."""
        assert self.engine is not None
        engine, loop = self.engine, asyncio.get_running_loop()
        pieces: asyncio.Queue[str | Finished] = asyncio.Queue()
        closed = threading.Event()

        def emit(piece: str | Finished) -> bool:
            if not closed.is_set():
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
            return not closed.is_set()

        thread = loop.run_in_executor(
            self._threads, lambda: emit(Finished(engine.generate(request, emit)))
        )
        try:
            while True:
                piece = await pieces.get()
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            closed.set()
            await asyncio.shield(thread)

    def close(self) -> None:
        self.stopping = True
        if self.engine is not None:
            self.engine.close()
        self._threads.shutdown(cancel_futures=True)

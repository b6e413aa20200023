"""The points where a defect can act in the worker; without one, they change nothing.

A correct worker uses ``Fault()``, which returns every value unchanged. A fault overrides a seam or
two.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from aiohttp import web

from reference.catalog import Entry
from reference.worker.engine import Request
from reference.worker.heartbeat import Hive, Identity, JsonObject
from reference.worker.work import Work

Handle = Callable[[], Awaitable[web.StreamResponse]]
END = "[DONE]"


@dataclass(slots=True)
class Around:
    """What a fault may depend on. ``seen_ready``: a client has seen that the worker is ready."""

    work: Work
    hive: Hive = field(default_factory=Hive)
    seen_ready: bool = False


class Fault(Entry):
    """An entry of the catalog with every seam, doing nothing; its clause is one of
    ``docs/worker.md``."""

    def begin(self) -> None:
        """Called before the worker serves."""

    def alongside(
        self, hive_url: str | None, who: Identity, interval: float
    ) -> AbstractContextManager[object]:
        """Runs while the worker serves."""
        return nullcontext()

    def on_sigterm(self, stop: Callable[[], None]) -> Callable[[], None]:
        """What SIGTERM does."""
        return stop

    def exit_code(self, code: int) -> int:
        """The exit code of a worker that was asked to stop."""
        return code

    def leave(self) -> None:
        """The last moment of a worker that was asked to stop."""

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        """The answer of the health page."""
        return await handle()

    async def ready(self, around: Around, handle: Handle) -> web.StreamResponse:
        """The answer of the ready page."""
        return await handle()

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        """The answer to a request for inference, whole or as a stream."""
        return await handle()

    def request(self, request: Request) -> Request:
        """The request to the engine."""
        return request

    def whole(self, answer: JsonObject) -> JsonObject:
        """A non-streamed inference answer."""
        return answer

    async def frame(self, number: int, frame: str) -> list[str]:
        """What is sent for frame ``number`` (from 0) of a stream; the last one is :data:`END`.
        Bytes that are no UTF-8 are surrogates, as in file names."""
        return [frame]

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        """The body of heartbeat ``number`` (from 0), in the schema ``document``; None to leave
        it out."""
        return body

    def pause(self, number: int, interval: float) -> float:
        """Seconds between heartbeat ``number`` and the next."""
        return interval

"""Faults of streams: their pieces, and their end."""

import asyncio
import json
from collections.abc import Callable
from weakref import WeakKeyDictionary

from reference.worker.seams import END, Fault

LONG = 600.0  # seconds: longer than any deadline of a test


class StreamShape(Fault):
    """A piece is sent before it is complete."""

    name = "stream-shape"
    does = "sends a piece of a stream that is not JSON"
    clause = "INF-2"

    async def frame(self, number: int, frame: str) -> list[str]:
        return ['{"type": "token", "t":' if number == 1 else frame]


class StreamStalls(Fault):
    """The engine waits for a lock in the middle of its work."""

    name = "stream-stalls"
    does = "falls silent in the middle of a stream for ten minutes"
    clause = "INF-5"

    async def frame(self, number: int, frame: str) -> list[str]:
        if number != 3:
            return [frame]
        await asyncio.sleep(LONG)
        return []


class StreamEndless(Fault):
    """Nobody tells the stream that the engine is done."""

    name = "stream-endless"
    does = "never ends a stream"
    clause = "INF-4"

    async def frame(self, number: int, frame: str) -> list[str]:
        if frame != END:
            return [frame]
        await asyncio.sleep(LONG)
        return []


class StreamCut(Fault):
    """The connection is closed instead of the stream."""

    name = "stream-cut"
    does = "closes a stream without the end mark"
    clause = "INF-4"

    async def frame(self, number: int, frame: str) -> list[str]:
        return [] if frame == END else [frame]


class StreamEndsTwice(Fault):
    """Two places in the code end the stream."""

    name = "stream-ends-twice"
    does = "sends the end mark of a stream twice"
    clause = "INF-4"

    async def frame(self, number: int, frame: str) -> list[str]:
        return [frame, frame] if frame == END else [frame]


class StreamDrops(Fault):
    """The engine's process dies, and the connection with it."""

    name = "stream-drops"
    does = "drops the connection of every stream after the second one"
    clause = "INF-1"

    def __init__(self) -> None:
        self.streams = 0

    async def frame(self, number: int, frame: str) -> list[str]:
        self.streams += number == 0
        if self.streams > 2 and number == 5:
            raise RuntimeError("the engine died")
        return [frame]


class StreamError(Fault):
    """Headers are sent before the engine fails, so the error comes as an event."""

    name = "stream-error"
    does = "sends an error in the middle of a stream"
    clause = "INF-1"

    async def frame(self, number: int, frame: str) -> list[str]:
        error = {"error": {"message": "the engine ran out of cache blocks", "code": 500}}
        return [frame] if number < 3 else [json.dumps(error)] * (number == 3)


class StreamNoReason(Fault):
    """The reason is known to the engine, and nobody passes it on."""

    name = "stream-no-reason"
    does = "never says why a stream ended"
    clause = "INF-7"

    async def frame(self, number: int, frame: str) -> list[str]:
        return ['{"type": "end", "finish_reason": null}' if "finish_reason" in frame else frame]


class StreamSplitCharacter(Fault):
    """Each token is sent as its bytes come, and a character may have two tokens."""

    name = "stream-split-character"
    does = "cuts a character in two, between two events of a stream"
    clause = "INF-8"

    async def frame(self, number: int, frame: str) -> list[str]:
        text = "" if frame == END else json.loads(frame).get("t", "")
        if number or text.isascii():
            return [frame]
        cut = next(n for n, byte in enumerate(text.encode()) if byte > 127) + 1
        parts = text.encode()[:cut], text.encode()[cut:]
        return [
            f'{{"type": "token", "t": "{part.decode(errors="surrogateescape")}"}}' for part in parts
        ]


class StreamReplacement(Fault):
    """Each token is decoded by itself, and half a character cannot be decoded."""

    name = "stream-replacement"
    does = "sends replacement characters in place of others in streams"
    clause = "INF-9"

    async def frame(self, number: int, frame: str) -> list[str]:
        if frame == END or "t" not in (content := json.loads(frame)):
            return [frame]
        lost = content["t"].encode("ascii", "replace").decode().replace("?", "\ufffd")
        return [frame if content["t"].isascii() else json.dumps(content | {"t": lost})]


class StreamAtOnce(Fault):
    """Something on the way collects the answer before it passes it on."""

    name = "stream-at-once"
    does = "sends the whole stream when its last token is made"
    clause = "INF-13"

    def __init__(self) -> None:
        self.held: WeakKeyDictionary[asyncio.Task[object], list[str]] = WeakKeyDictionary()

    async def frame(self, number: int, frame: str) -> list[str]:
        task = asyncio.current_task()
        assert task is not None
        held = self.held.setdefault(task, [])
        held.append(frame)
        return self.held.pop(task) if frame == END else []


class StopAfterAbort(Fault):
    """An aborted request is told like one that the model ended."""

    name = "stop-after-abort"
    does = "ends streams with `stop` and the end mark when it is asked to end"
    clause = "INF-14"

    def __init__(self) -> None:
        self.aborted = self.told = False

    def on_sigterm(self, stop: Callable[[], None]) -> Callable[[], None]:
        def abort() -> None:
            self.aborted = True
            stop()

        return abort

    async def frame(self, number: int, frame: str) -> list[str]:
        if not self.aborted:
            return [frame]
        last = [] if self.told else ['{"type": "end", "finish_reason": "stop"}', END]
        self.told = True
        return last

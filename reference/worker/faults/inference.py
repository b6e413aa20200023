"""Faults of inference; those of its streams are in :mod:`~reference.worker.faults.streams`."""

import asyncio
import time
from dataclasses import replace

from aiohttp import web

from reference.worker.engine import Request
from reference.worker.heartbeat import JsonObject
from reference.worker.seams import Around, Fault, Handle

LONG = 600.0  # seconds: longer than any deadline of a test


class InferenceStatus(Fault):
    """The engine refuses, and nobody says why."""

    name = "inference-status"
    does = "answers inference with 500"
    clause = "INF-1"

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        return web.json_response({"error": "cannot"}, status=500)


class InferenceShape(Fault):
    """The answer comes from another version of the API."""

    name = "inference-shape"
    does = "gives the number of tokens as text and no finish reason"
    clause = "INF-2"

    def whole(self, answer: JsonObject) -> JsonObject:
        return {"text": answer["text"], "tokens": str(answer["tokens"])}


class InferenceEmpty(Fault):
    """The first token is taken for the last one."""

    name = "inference-empty"
    does = "answers inference that is not a stream with no text at all"
    clause = "INF-6"

    def whole(self, answer: JsonObject) -> JsonObject:
        return {"text": "", "tokens": 0, "finish_reason": "stop"}


class InferenceSlow(Fault):
    """The request waits in a queue that nobody reads."""

    name = "inference-slow"
    does = "takes ten minutes for an inference"
    clause = "INF-3"

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        await asyncio.sleep(LONG)
        return await handle()


class ReadyTooSoon(Fault):
    """Readiness is told when the server listens, not when the model is loaded."""

    name = "ready-too-soon"
    does = "answers 503 to inference for two seconds after it said that it is ready"
    clause = "WRK-7"

    def __init__(self) -> None:
        self.until = 0.0

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        self.until = self.until or time.monotonic() + 2
        if time.monotonic() < self.until:
            return web.json_response({"error": "the model is loading"}, status=503)
        return await handle()


class ColdStart(Fault):
    """The model is loaded by the first request."""

    name = "cold-start"
    does = "takes five seconds longer for its first answer than for later ones"
    clause = "WRK-8"

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        if not around.work.begun:
            await asyncio.sleep(5)
        return await handle()


class HangsAtWork(Fault):
    """The scheduler of the engine is stuck, whatever its hive does."""

    name = "hangs-at-work"
    does = "never answers again after its sixth request"
    clause = "INF-3"

    def __init__(self) -> None:
        self.asked = 0

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        self.asked += 1
        if self.asked > 6:
            await asyncio.sleep(LONG)
        return await handle()


class LeaksSlot(Fault):
    """The slot of a client that went away is never given back."""

    name = "leaks-slot"
    does = "loses a slot when a client hangs up, and never answers once it has lost all four"
    clause = "INF-10"

    def __init__(self) -> None:
        self.lost = 0

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        if self.lost >= 4:
            await asyncio.sleep(LONG)
        try:
            return await handle()
        except (asyncio.CancelledError, ConnectionError):
            self.lost += 1
            raise


class IgnoresMaxTokens(Fault):
    """The field has another name in this engine."""

    name = "ignores-max-tokens"
    does = "makes at least a hundred tokens, whatever is asked for"
    clause = "INF-11"

    def request(self, request: Request) -> Request:
        return replace(request, max_tokens=max(100, request.max_tokens))


class CountsWrong(Fault):
    """Words are counted, or chunks, or what is left of them."""

    name = "counts-wrong"
    does = "counts one token for every five in answers that are not a stream"
    clause = "INF-12"

    def whole(self, answer: JsonObject) -> JsonObject:
        return answer | {"tokens": answer["tokens"] // 5}

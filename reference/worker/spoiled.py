"""The faults of answers and streams and heartbeats, laid around the correct ones."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from itertools import count

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reference.worker.faults import Fault
from reference.worker.heartbeat import JsonObject
from reference.worker.work import Work

LONG = 600.0  # seconds: longer than any deadline of a test
SLOW = 30.0  # seconds


def spoiled_answers(
    work: Work, fault: Fault | None, hive_refuses: Callable[[], bool]
) -> Middleware:
    """A middleware that spoils the answers which ``fault`` is about."""
    seen_ready = asyncio.Event()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        match request.path:
            case "/v1/health" if fault is Fault.NEVER_HEALTHY or seen_ready.is_set():
                return await _spoiled_health(work, fault) or await handler(request)
            case "/v1/ready" if seen_ready.is_set() and fault is Fault.READY_STATUS:
                return web.json_response({"error": "no such page"}, status=404)
            case "/v1/ready" if seen_ready.is_set() and fault is Fault.READY_SHAPE:
                return web.json_response({})
            case "/v1/inference":
                needed = fault is Fault.NEEDS_HIVE and hive_refuses()
                return await _spoiled_inference(work, fault, needed) or await handler(request)
        answer = await handler(request)
        if request.path == "/v1/ready" and answer.status == 200:
            seen_ready.set()
        return answer

    return middleware


async def _spoiled_health(work: Work, fault: Fault | None) -> web.Response | None:
    match fault:
        case Fault.NEVER_HEALTHY:
            return web.json_response({"status": "starting"}, status=503)
        case Fault.HEALTH_STATUS:
            return web.json_response({"status": "healthy"}, status=500)
        case Fault.HEALTH_SHAPE:
            return web.json_response(["healthy"])
        case Fault.HEALTH_SLOW:
            await asyncio.sleep(SLOW)
        case Fault.HEALTH_BLOCKED if work.in_flight:
            await asyncio.sleep(SLOW)
    return None


async def _spoiled_inference(work: Work, fault: Fault | None, need: bool) -> web.Response | None:
    if need or fault is Fault.INFERENCE_STATUS:
        return web.json_response({"error": "cannot"}, status=503 if need else 500)
    match fault:
        case Fault.INFERENCE_SLOW:
            await asyncio.sleep(LONG)
        case Fault.DIES_AT_WORK if work.begun >= 2:
            os._exit(4)
    return None


def spoiled_whole(answer: JsonObject, fault: Fault | None) -> JsonObject:
    """A JSON answer, spoiled where ``fault`` is about it."""
    match fault:
        case Fault.INFERENCE_SHAPE:
            return {"text": answer["text"], "tokens": str(answer["tokens"])}
        case Fault.INFERENCE_EMPTY:
            return {"text": "", "tokens": 0, "finish_reason": "stop"}
    return answer


async def spoiled_frames(
    frames: AsyncGenerator[str, None], fault: Fault | None
) -> AsyncGenerator[str, None]:
    """The frames of a stream, spoiled where ``fault`` is about streams."""
    numbers = count()
    async for frame in frames:
        number, end = next(numbers), frame == "[DONE]"
        match fault:
            case Fault.STREAM_SHAPE if number == 1:
                yield '{"type": "token", "t":'
            case Fault.STREAM_STALLS if number == 3:
                await asyncio.sleep(LONG)
            case Fault.STREAM_ENDLESS if end:
                await asyncio.sleep(LONG)
            case Fault.STREAM_CUT if end:
                return
            case Fault.STREAM_ENDS_TWICE if end:
                yield frame
                yield frame
            case _:
                yield frame


def spoiled_beat(
    fault: Fault | None, body: JsonObject, number: int, work: Work
) -> JsonObject | None:
    """The body of heartbeat ``number`` (from 0), in the document's schema; None to leave it out."""
    match fault:
        case Fault.NO_HEARTBEAT:
            return None
        case Fault.STALE_AFTER_WORK if work.begun:
            return None
    return body | _spoiled_fields(fault, body, number)


def _spoiled_fields(fault: Fault | None, body: JsonObject, number: int) -> JsonObject:
    changes: dict[tuple[Fault | None, str], JsonObject] = {
        (Fault.BUSY_WHILE_IDLE, "ready"): {"state": "busy"},
        (Fault.READY_WHILE_BUSY, "busy"): {"state": "ready"},
    }
    match fault:
        case Fault.MALFORMED_HEARTBEAT:
            return {"worker_id": 7, "timestamp": "10:54:23"}
        case Fault.WRONG_ID:
            return {"worker_id": "another-worker"}
        case Fault.TIME_GOES_BACK if number % 3 == 2:
            return {"timestamp": "2001" + body["timestamp"][4:]}
        case Fault.ILLEGAL_STATE if number % 3 == 2:
            return {"state": "starting"}
    return changes.get((fault, body.get("state", "")), {})


def spoiled_pause(fault: Fault | None, interval: float, number: int) -> float:
    """Seconds between heartbeat ``number`` and the next."""
    if fault is not Fault.IRREGULAR_HEARTBEAT:
        return interval
    return interval * (0.05 if number % 2 else 2.8)

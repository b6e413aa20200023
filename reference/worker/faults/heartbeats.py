"""Faults of heartbeats: whether and when they come, and what they say."""

import asyncio
import time
from contextlib import AbstractContextManager

from aiohttp import web

from reference.worker.heartbeat import Identity, JsonObject
from reference.worker.helper import Helper
from reference.worker.seams import Around, Fault, Handle

# Whether and when they come


class NoHeartbeat(Fault):
    """The task is never started."""

    name = "no-heartbeat"
    does = "sends no heartbeats"
    clause = "HBT-1"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return None


class StaleAfterWork(Fault):
    """The engine blocks the event loop, and the timer never recovers."""

    name = "stale-after-work"
    does = "sends no heartbeats once it has had two requests at once"
    clause = "HBT-8"

    def __init__(self) -> None:
        self.stuck = False

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        self.stuck |= around.work.in_flight > 1
        return None if self.stuck else body


class IrregularHeartbeat(Fault):
    """Two timers that know nothing of each other."""

    name = "irregular-heartbeat"
    does = "sends heartbeats in pairs, with a long pause after each pair"
    clause = "HBT-2"

    def pause(self, number: int, interval: float) -> float:
        return interval * (0.05 if number % 2 else 2.8)


# What they say


class MalformedHeartbeat(Fault):
    """Numbers and times go out as the program holds them."""

    name = "malformed-heartbeat"
    does = "sends a number as id and a local time without a zone"
    clause = "HBT-3"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"worker_id": 7, "timestamp": "10:54:23"}


class WrongId(Fault):
    """A configuration was copied from another worker."""

    name = "wrong-id"
    does = "sends the id of another worker"
    clause = "HBT-4"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"worker_id": "another-worker"}


class TimeGoesBack(Fault):
    """The clock is set while the worker runs."""

    name = "time-goes-back"
    does = "sends the year 2001 in every third heartbeat"
    clause = "HBT-5"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"timestamp": "2001" + body["timestamp"][4:]} if number % 3 == 2 else body


class IllegalState(Fault):
    """The engine is loaded again, quietly."""

    name = "illegal-state"
    does = "says `starting` again after `ready`"
    clause = "HBT-6"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"state": "starting"} if number % 3 == 2 else body


class BusyWhileIdle(Fault):
    """A counter of requests that is never decreased."""

    name = "busy-while-idle"
    does = "says `busy` while it has nothing to do"
    clause = "HBT-7"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"state": "busy"} if body.get("state") == "ready" else body


class ReadyWhileBusy(Fault):
    """The state is that of the model and not that of the work."""

    name = "ready-while-busy"
    does = "says `ready` while it generates"
    clause = "HBT-7"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"state": "ready"} if body.get("state") == "busy" else body


class ReadyWhileStopped(Fault):
    """A process that only sends heartbeats does not know how its worker is."""

    name = "ready-while-stopped"
    does = "has a helper that says `ready` while the worker itself is stopped"
    clause = "HBT-9"

    def alongside(
        self, hive_url: str | None, who: Identity, interval: float
    ) -> AbstractContextManager[object]:
        return Helper(hive_url, who.worker_id, interval)


class BusyAfterWork(Fault):
    """A counter of requests that settles only after a while."""

    name = "busy-after-work"
    does = "says `busy` for six seconds after two requests at once"
    clause = "HBT-7"

    def __init__(self) -> None:
        self.until = 0.0

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        now = time.monotonic()
        if around.work.in_flight > 1:
            self.until = now + 6
        return body | {"state": "busy"} if now < self.until else body


class BusyAfterHangUp(Fault):
    """The counter of requests is not put back when a client goes away."""

    name = "busy-after-hang-up"
    does = "says `busy` for good once a client hung up in the middle of its answer"
    clause = "HBT-10"

    def __init__(self) -> None:
        self.stuck = False

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        try:
            return await handle()
        except (asyncio.CancelledError, ConnectionError):
            self.stuck = True
            raise

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return body | {"state": "busy"} if self.stuck else body

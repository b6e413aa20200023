"""Faults of the health page and the ready page."""

import asyncio

from aiohttp import web

from reference.worker.seams import Around, Fault, Handle

SLOW = 30.0  # seconds


class NeverHealthy(Fault):
    """The model is never done loading."""

    name = "never-healthy"
    does = "answers every health request with 503"
    clause = "WRK-2"

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        return web.json_response({"status": "starting"}, status=503)


class NeverReady(Fault):
    """A flag that nobody sets."""

    name = "never-ready"
    does = "is healthy, and never says that it is ready"
    clause = "WRK-2"

    async def ready(self, around: Around, handle: Handle) -> web.StreamResponse:
        return web.json_response({"ready": False}, status=503)


class HealthStatus(Fault):
    """A check of its own fails."""

    name = "health-status"
    does = "once ready, answers health requests with 500"
    clause = "END-1"

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        if not around.seen_ready:
            return await handle()
        return web.json_response({"status": "healthy"}, status=500)


class HealthShape(Fault):
    """One answer for several checks."""

    name = "health-shape"
    does = "once ready, answers health requests with an array"
    clause = "END-1"

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        return web.json_response(["healthy"]) if around.seen_ready else await handle()


class HealthSlow(Fault):
    """Health waits for a device that is slow to answer."""

    name = "health-slow"
    does = "once ready, takes half a minute to answer health requests"
    clause = "END-3"

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        if around.seen_ready:
            await asyncio.sleep(SLOW)
        return await handle()


class HealthBlocked(Fault):
    """Health waits for a lock that the engine holds."""

    name = "health-blocked"
    does = "answers no health request while it generates"
    clause = "END-4"

    async def health(self, around: Around, handle: Handle) -> web.StreamResponse:
        if around.seen_ready and around.work.in_flight:
            await asyncio.sleep(SLOW)
        return await handle()


class ReadyStatus(Fault):
    """The page goes away with the loader that serves it."""

    name = "ready-status"
    does = "once ready, answers ready requests with 404"
    clause = "END-2"

    async def ready(self, around: Around, handle: Handle) -> web.StreamResponse:
        if not around.seen_ready:
            return await handle()
        return web.json_response({"error": "no such page"}, status=404)


class ReadyShape(Fault):
    """A field is left out where it is true."""

    name = "ready-shape"
    does = "once ready, answers ready requests without the field"
    clause = "END-2"

    async def ready(self, around: Around, handle: Handle) -> web.StreamResponse:
        return web.json_response({}) if around.seen_ready else await handle()

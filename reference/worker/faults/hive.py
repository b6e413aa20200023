"""Faults of workers whose hive answers heartbeats with errors."""

import os

from aiohttp import web

from reference.worker.heartbeat import JsonObject
from reference.worker.seams import Around, Fault, Handle


class DiesWithHive(Fault):
    """An exception in the heartbeat task ends the program."""

    name = "dies-with-hive"
    does = "ends when the hive answers a heartbeat with an error"
    clause = "WRK-3"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        if around.hive.ever_refused:
            os._exit(5)
        return body


class GivesUpOnHive(Fault):
    """An exception in the heartbeat task ends the task."""

    name = "gives-up-on-hive"
    does = "sends no heartbeats after one that the hive answered with an error"
    clause = "HIV-1"

    def beat(self, around: Around, number: int, body: JsonObject) -> JsonObject | None:
        return None if around.hive.ever_refused else body


class NeedsHive(Fault):
    """A worker that the hive does not take is taken to be of no use."""

    name = "needs-hive"
    does = "answers 503 to inference while the hive answers errors"
    clause = "HIV-2"

    async def inference(self, around: Around, handle: Handle) -> web.StreamResponse:
        if around.hive.refuses:
            return web.json_response({"error": "cannot"}, status=503)
        return await handle()

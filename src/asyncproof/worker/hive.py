"""A mock hive: receives the heartbeats of one worker, and misbehaves on request.

Each worker has its own hive on its own port: so a heartbeat's sender is known by the port, whatever
id it carries.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

from asyncproof.harness.accepting import accept_no_more
from asyncproof.worker.events import HeartbeatReceived, HiveStarted, HiveTurned
from asyncproof.worker.heartbeats import Schema, parse
from asyncproof.worker.ports import HOST, free_port, held, listening
from asyncproof.worker.recorder import WorkerRecorder

REDIRECTED = "/redirected"
LARGEST_BODY = 1_000_000  # bytes


class Mode(StrEnum):
    """How the hive answers a heartbeat."""

    OK = "ok"
    ERROR = "500"
    SLOW = "slow"
    RESET = "reset"
    REDIRECT = "redirect"
    DOWN = "down"


HOSTILE = tuple(mode for mode in Mode if mode is not Mode.OK)


class Hive:
    """``port`` 0: a free one. ``schema`` None: every heartbeat is recorded as unexpected.

    Use as an async context. ``delay`` is how many seconds a slow hive takes for an answer.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, worker: str, port: int, schema: Schema | None, recorder: WorkerRecorder, delay: float
    ) -> None:
        self._worker, self._schema, self._recorder = worker, schema, recorder
        self._delay = delay
        self._mode = Mode.OK
        self._numbers = count(1)
        self.process: Callable[[], psutil.Process | None] = lambda: None
        self.port = port or free_port()
        self._socket = listening(self.port)
        self.url = f"http://{HOST}:{self.port}"
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None
        )

    async def __aenter__(self) -> "Hive":
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()
        self._recorder.record(
            HiveStarted(at=self._recorder.clock(), worker=self._worker, url=self.url)
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await accept_no_more([self._socket])
        await self._runner.cleanup()
        self._socket.close()

    async def turn(self, mode: Mode) -> None:
        """Behave like this from now on."""
        if mode is Mode.DOWN:
            await self._close()
        elif self._mode is Mode.DOWN:
            await self._open()
        self._mode = mode
        self._recorder.record(HiveTurned(at=self._recorder.clock(), worker=self._worker, mode=mode))

    async def _close(self) -> None:
        await accept_no_more([self._socket])
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        self._socket = held(self.port)  # while it is down, nothing else can take its port

    async def _open(self) -> None:
        await web.SockSite(self._runner, self._socket).start()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        redirected = request.path == REDIRECTED
        match self._mode:
            case Mode.ERROR:
                return self._record(request, body, 500)
            case Mode.RESET:
                self._record(request, body, None)
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Mode.REDIRECT if not redirected:
                answer = self._record(request, body, 307)
                answer.headers["Location"] = self.url + REDIRECTED
                return answer
            case Mode.SLOW:
                self._record(request, body, None)
                await asyncio.sleep(self._delay)
                return web.Response(status=200)
        return web.Response() if redirected else self._record(request, body, 200)

    def _record(self, request: web.Request, body: bytes, status: int | None) -> web.Response:
        text = body[:2000].decode(errors="replace")
        state, cpu, waited = self._look_at_process()
        event = HeartbeatReceived(
            at=self._recorder.clock(),
            worker=self._worker,
            number=next(self._numbers),
            path=request.path,
            body=text,
            answered=status,
            process=state,
            cpu=cpu,
            waited=waited,
            **self._parsed(request, body),
        )
        self._recorder.record(event)
        return web.json_response({"status": "ok"}, status=status or 200)

    def _parsed(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if self._schema is None:
            return {"problems": ("heartbeat: the profile says that none are sent",)}
        beat = parse(self._schema, request.path, body)
        return {
            "worker_id": beat.worker_id,
            "timestamp": beat.timestamp,
            "state": beat.state,
            "problems": beat.problems,
        }

    def _look_at_process(self) -> tuple[str, float, float]:
        process = self.process()
        try:
            if process is None:
                return "", 0.0, 0.0
            with process.oneshot():
                times = process.cpu_times()
                waited = waited_for_a_processor(process.pid)
                return str(process.status()), times.user + times.system, waited
        except psutil.Error:
            return "gone", 0.0, 0.0


def waited_for_a_processor(pid: int) -> float:
    """Seconds that this process waited for a processor, of its thread that waited longest. 0 if the
    system does not report it (Linux does, in schedstat)."""
    waited = 0.0
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError, IndexError):  # it has ended, or this kernel does not count it
                waited = max(waited, int((thread / "schedstat").read_text().split()[1]) / 1e9)
    return waited

"""Run the worker: serve at once, load the model meanwhile, beat until asked to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from aiohttp import web

from reference.worker.app import make_app
from reference.worker.engine import Engine
from reference.worker.faults import Fault
from reference.worker.heartbeat import SCHEMAS, Beat, Heart, Identity, JsonObject
from reference.worker.helper import Helper
from reference.worker.spoiled import spoiled_beat, spoiled_pause
from reference.worker.work import Work

log = logging.getLogger(__name__)
SHUTDOWN = 1.0  # seconds that requests in flight have after the order to stop


@dataclass(frozen=True, slots=True)
class Options:
    """``hive_url`` None: no heartbeats. ``port`` 0: a free one, told in the log."""

    worker_id: str
    model: Path | None
    backend: str
    device: int
    port: int
    hive_url: str | None
    interval: float
    schema: str
    slots: int
    fault: Fault | None


async def serve(options: Options, load_engine: Callable[[], Engine]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    Raises:
        ModelError: the model could not be loaded.
        OSError: the port cannot be used.
    """
    stop = _stop_signal(options.fault)
    work = Work(options.slots)
    hearts: list[Heart] = []
    app = make_app(work, options.fault, lambda: any(heart.refused for heart in hearts))
    async with _listening(app, options.port) as port, asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(_load(work, load_engine))]
        if options.hive_url:
            heart = _heart(options, options.hive_url, port, work, hearts)
            hearts.append(heart)
            background.append(tasks.create_task(heart.run()))
            log.info("heartbeats every %g s to %s", options.interval, options.hive_url)
        with Helper(options.fault, options.hive_url, options.worker_id, options.interval):
            await _until(stop, background[0])
        log.info("asked to stop")
        work.stopping = True
        for task in background:
            task.cancel()
    work.close()
    return 1 if options.fault is Fault.STOPS_WITH_ERROR else 0


def _stop_signal(fault: Fault | None) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    ignores = fault is Fault.IGNORES_SIGTERM
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if ignores else stop.set)
    return stop


async def _until(stop: asyncio.Event, loading: "asyncio.Task[None]") -> None:
    """Wait for the signal; a model that does not load ends the wait with its error."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, loading], return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done() and not loading.exception():
        await waiting
    waiting.cancel()


async def _load(work: Work, load_engine: Callable[[], Engine]) -> None:
    work.engine = await asyncio.to_thread(load_engine)
    log.info("model loaded, engine %s; ready", work.engine.name)


@contextlib.asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[int]:
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=SHUTDOWN, access_log=None
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        bound = int(runner.addresses[0][1])
        log.info("listening on http://127.0.0.1:%d", bound)
        yield bound
    finally:
        await runner.cleanup()


def _heart(options: Options, hive_url: str, port: int, work: Work, hearts: list[Heart]) -> Heart:
    path, shape = SCHEMAS[options.schema]
    model = options.model.name if options.model else "echo"
    who = Identity(options.worker_id, model, options.backend, options.device, port)
    numbers, pauses = count(), count()

    def body(now: float) -> JsonObject | None:
        refused = any(heart.ever_refused for heart in hearts)
        if refused and options.fault is Fault.DIES_WITH_HIVE:
            os._exit(5)
        if refused and options.fault is Fault.GIVES_UP_ON_HIVE:
            return None
        return spoiled_beat(options.fault, shape(Beat(who, work.state, now)), next(numbers), work)

    def pause() -> float:
        return spoiled_pause(options.fault, options.interval, next(pauses))

    return Heart(hive_url, path, options.interval, pause, body)


def leave_helper() -> None:
    """Start a process that outlives this one (a fault)."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)

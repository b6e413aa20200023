"""Runs the worker: serves at once, loads the model meanwhile, sends heartbeats until stopped."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from aiohttp import web

from reference.worker.app import make_app
from reference.worker.engine import Engine
from reference.worker.heartbeat import SCHEMAS, Beat, Heart, Identity, JsonObject
from reference.worker.seams import Around, Fault
from reference.worker.work import Work

log = logging.getLogger(__name__)
SHUTDOWN = 1.0  # seconds for requests in flight after the request to stop


@dataclass(frozen=True, slots=True)
class Options:
    """``hive_url`` None: no heartbeats. ``port`` 0: a free port, named in the log."""

    worker_id: str
    model: Path | None
    backend: str
    device: int
    port: int
    hive_url: str | None
    interval: float
    schema: str
    slots: int
    fault: Fault


async def serve(options: Options, load_engine: Callable[[], Engine]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    Raises:
        ModelError: the model could not be loaded.
        OSError: the port cannot be used.
    """
    stop = _stop_signal(options.fault)
    work = Work(options.slots)
    around = Around(work)
    app = make_app(around, options.fault)
    async with _listening(app, options.port) as port, asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(_load(work, load_engine))]
        who = _identity(options, port)
        if options.hive_url:
            heart = _heart(options, options.hive_url, who, around)
            background.append(tasks.create_task(heart.run()))
            log.info("heartbeats every %g s to %s", options.interval, options.hive_url)
        with options.fault.alongside(options.hive_url, who, options.interval):
            await _until(stop, background[0])
        log.info("asked to stop")
        work.stopping = True
        for task in background:
            task.cancel()
    work.close()
    return options.fault.exit_code(0)


def _stop_signal(fault: Fault) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, fault.on_sigterm(stop.set))
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


def _identity(options: Options, port: int) -> Identity:
    model = options.model.name if options.model else "echo"
    return Identity(options.worker_id, model, options.backend, options.device, port)


def _heart(options: Options, hive_url: str, who: Identity, around: Around) -> Heart:
    path, shape = SCHEMAS[options.schema]
    numbers, pauses = count(), count()

    def body(now: float) -> JsonObject | None:
        correct = shape(Beat(who, around.work.state, now))
        return options.fault.beat(around, next(numbers), correct)

    def pause() -> float:
        return options.fault.pause(next(pauses), options.interval)

    return Heart(around.hive, hive_url, path, options.interval, pause=pause, shape=body)

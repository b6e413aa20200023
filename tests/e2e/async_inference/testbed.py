"""The testbed runs scenarios against one miner and records what happens. It judges nothing.

It owns one event loop in a thread of its own, with the driver and the callback server on it, so
that tests stay plain functions that call :meth:`Testbed.run`.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.callback_server import CallbackServer, CallbackServerError
from tests.e2e.async_inference.driver import Driver
from tests.e2e.async_inference.events import (
    Delivered,
    Downloaded,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
)
from tests.e2e.async_inference.evidence import Tolerance
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.external_callbacks import (
    ExternalCallbacks,
    ExternalCallbacksError,
)
from tests.e2e.async_inference.flight import Assignment, Pace
from tests.e2e.async_inference.keeper import Keeper
from tests.e2e.async_inference.liveness import Budgets
from tests.e2e.async_inference.nemesis import Nemesis, Quiet
from tests.e2e.async_inference.recorder import Recorder
from tests.e2e.async_inference.run_history import RunHistory, split
from tests.e2e.async_inference.scenario import CallbackTo, Job, Request, Scenario, an_edit
from tests.e2e.async_inference.twins import comparisons, is_quiet, quiet_pairs
from tests.harness.history import Event
from tests.harness.settings import Settings

T = TypeVar("T")
HEALTH = Request(probe="health", path="/health")
CALLBACK_PATH = "/callback"
UNAVAILABLE = "Callback server unavailable: "


class SetupError(RuntimeError):
    """The run could not begin, through no fault of the miner; the message names the cure."""


class Testbed:
    """One run against one miner. Use it as a context manager.

    ``seed`` is the one source of chance of the run. A ``callback_base_url`` with port 0 stands for
    any free port.

    Raises:
        SetupError: the miner or the callback server is not to be had.
    """

    __test__ = False  # the name is the field's; it is no test class of pytest

    def __init__(
        self,
        settings: Settings,
        miner_url: str,
        recorder: Recorder,
        *,
        seed: int,
    ) -> None:
        self.settings, self.miner_url, self.recorder = settings, miner_url, recorder
        self.loras = settings.test_loras
        self._seed = seed
        self._numbers = itertools.count(1)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._tolerance: Tolerance | None = None
        self._driver: Driver | None = None
        self._server: CallbackServer | None = None
        self._external: ExternalCallbacks | None = None
        self._open_parts = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="testbed", daemon=True)
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="examine")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._await(self._open())
        except BaseException as error:
            self.close(str(error))
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self.close("" if kind is None else kind.__name__)

    def run(
        self, scenario: Scenario, nemesis: Nemesis | None = None, *, name: str = ""
    ) -> RunHistory:
        """Run a scenario to its end and return what happened, as the checks read it."""
        self._await(self._run(scenario, nemesis or Quiet(), name))
        return split(self.recorder.recorded)[1][-1]

    def wait_for_stragglers(self) -> None:
        """Give callbacks that nobody waits for any more the time to come in, if there were jobs."""
        if self._sizes:
            self._await(asyncio.sleep(self.settings.straggler_wait))

    def close(self, incomplete: str = "") -> None:
        """End the run. ``incomplete`` says why it ended early; empty where it did not."""
        if self._thread.is_alive():
            self._await(self._open_parts.aclose())
            self._stop_loop()
            self.recorder.record(RunEnded(at=self.recorder.clock(), incomplete=incomplete))
            self.recorder.close()

    # The rest runs on the testbed's own thread.

    async def _open(self) -> None:
        recorder, settings = self.recorder, self.settings
        self._exchange = await self._open_parts.enter_async_context(
            Exchange(self.miner_url, recorder.clock)
        )
        self._keeper = Keeper(
            recorder.folder, self._pool, clock=recorder.clock, record=recorder.record
        )
        recorder.record(
            RunStarted(
                at=recorder.clock(),
                run=recorder.run,
                seed=self._seed,
                wall=recorder.wall,
                target=self.miner_url,
                settings=settings.described(),
            )
        )
        await self._greet_miner()
        if settings.external_callback:
            self._external = await self._greet_external_server()
        else:
            self._server = await self._start_server()

    async def _greet_miner(self) -> None:
        """The miner answers at all, and names its LoRAs if nobody else did."""
        health = await self._exchange.probe(HEALTH)
        if health.error:
            raise SetupError(
                f"Miner server unavailable: {self.miner_url}: {health.error}. Start the miner, or "
                "set ASYNC_MINER_URL to its address, or to 'reference' for the bundled one"
            )
        self.recorder.record(health)
        if not self.loras:
            answer = await self._exchange.ask("GET", HEALTH.path)
            self.loras = _offered_loras(answer.body)

    async def _start_server(self) -> CallbackServer:
        base = urlsplit(self.settings.callback_base_url)
        default_port = 443 if base.scheme == "https" else 80
        port = default_port if base.port is None else base.port
        server = CallbackServer(
            self.settings.callback_folder,
            host=self.settings.callback_bind_host or base.hostname or "127.0.0.1",
            port=port,
            secret=self.settings.callback_secret,
            on_event=self._received,
            clock=self.recorder.clock,
        )
        try:
            await server.start()
        except CallbackServerError as error:
            told = str(error).removeprefix(UNAVAILABLE)
            raise SetupError(f"{UNAVAILABLE}{told}") from error
        self._open_parts.push_async_callback(server.stop)
        return server

    def _callback_base(self) -> str:
        """What the miner is told: the given url, with the port that was really bound."""
        base = urlsplit(self.settings.callback_base_url)
        if base.port != 0 or self._server is None:
            return self.settings.callback_base_url
        return base._replace(netloc=base.netloc[:-1] + str(self._server.port)).geturl()

    async def _greet_external_server(self) -> ExternalCallbacks:
        base, recorder = self.settings.callback_base_url, self.recorder
        exchange = await self._open_parts.enter_async_context(Exchange(base, recorder.clock))
        external = ExternalCallbacks(exchange, recorder.wall, self._keeper.keep)
        try:
            await external.skip_earlier()
        except ExternalCallbacksError as error:
            raise SetupError(
                f"{UNAVAILABLE}{base}: {error}. Start one (python -m "
                "tests.e2e.async_inference.cli callback-server), or unset "
                "ASYNC_USE_EXTERNAL_CALLBACK to have it started"
            ) from error
        return external

    async def _run(self, scenario: Scenario, nemesis: Nemesis, name: str) -> None:
        recorder = self.recorder
        if self._server is None and not isinstance(nemesis, Quiet):
            raise SetupError(
                "hostile receivers need a callback server of our own: unset "
                "ASYNC_USE_EXTERNAL_CALLBACK"
            )
        started = ScenarioStarted(
            at=recorder.clock(),
            name=name,
            nemesis=str(nemesis),
            jobs=len(scenario.jobs),
            shape=str(scenario.shape),
        )
        recorder.record(started)
        self._driver = Driver(
            self._exchange,
            protocol.Paths(self.settings.endpoint),
            self._pace(scenario.patience),
            clock=recorder.clock,
            record=self._record_and_examine,
            keep=self._keeper.keep,
        )
        if self._server:
            self._server.use(nemesis)
        await self._driver.run(scenario, [self._assign(job) for job in scenario.jobs])
        if self._server:
            self._server.use(Quiet())
        for delivered in await self._external.new() if self._external else []:
            self._record_and_examine(delivered)
        await self._compare_with_twins()
        await self._keeper.finish()
        recorder.record(ScenarioEnded(at=recorder.clock(), name=name))

    async def _compare_with_twins(self) -> None:
        """Learn from what was made in quiet; lay what was made under load beside it."""
        scenario = split(self.recorder.recorded)[1][-1]
        if any(map(is_quiet, scenario)):
            self._tolerance = await self._keeper.learn(quiet_pairs(scenario))
        if self._tolerance is not None:
            for each in comparisons(scenario):
                self._keeper.compare(each.picture, each.twin, self._tolerance, each.others)

    def _pace(self, patience: float) -> Pace:
        chosen = self.settings
        usual = Budgets.of(chosen)
        budgets = replace(
            usual,
            post_process=usual.post_process + patience,
            total=usual.total + patience,
        )
        return Pace(chosen.poll_interval, chosen.callback_timeout + patience, budgets)

    def _assign(self, job: Job) -> Assignment:
        """Give a job its name, its own callback and whatever the settings say and it does not."""
        chosen = self.settings
        name = f"job_{next(self._numbers):03d}"
        job = replace(
            job,
            size=job.size or chosen.image_size,
            steps=job.steps or chosen.inference_steps,
            expiry=job.expiry or timedelta(minutes=chosen.expiry_minutes),
        )
        job = an_edit(job) if chosen.endpoint == "edit" else job
        self._sizes[name] = job.size or chosen.image_size
        if job.callback is CallbackTo.NOWHERE:
            return Assignment(job, name, None)
        if job.callback is CallbackTo.PLAIN_URL or self._server is None:
            url = self._callback_base() + CALLBACK_PATH
            return Assignment(job, name, protocol.Callback(url, chosen.callback_secret))
        token = self._derived(name)[:16]
        secret = self._derived(f"secret of {token}")
        self._sizes[token] = self._sizes[name]
        self._server.expect(token, secret)
        url = f"{self._callback_base()}{CALLBACK_PATH}/{token}"
        return Assignment(job, name, protocol.Callback(url, secret), token)

    def _derived(self, text: str) -> str:
        """Unguessable without the shared secret, and of this run only."""
        key = self.settings.callback_secret.encode()
        return hmac.new(key, f"{self.recorder.run} {text}".encode(), hashlib.sha256).hexdigest()

    def _received(self, event: Event) -> None:
        """Our callback server tells what came in (already on the testbed's thread)."""
        if isinstance(event, Delivered):
            event = self._adopted(event)
            job_id = event.fields.get("job_id", "")
            self._record_and_examine(event)
            if self._driver and event.stored:
                self._driver.delivered(event.token, job_id)
        else:
            self.recorder.record(event)

    def _adopted(self, event: Delivered) -> Delivered:
        if event.image is None:
            return event
        source = self.settings.callback_folder / event.image.path
        return msgspec.structs.replace(event, image=self._keeper.adopt(event.image, source))

    def _record_and_examine(self, event: Event) -> None:
        self.recorder.record(event)
        picture = event.image if isinstance(event, Delivered) else getattr(event, "file", None)
        if picture is not None:
            self._keeper.examine(picture, self._expected_size(event))

    def _expected_size(self, event: Event) -> tuple[int, int]:
        key = event.job if isinstance(event, Downloaded) else getattr(event, "token", None)
        return self._sizes.get(key or "", self.settings.image_size)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the testbed's thread and wait. An interrupt here cancels the work there."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown(cancel_futures=True)


def _offered_loras(body: bytes) -> tuple[str, ...]:
    """LoRAs that a miner names in its health answer; none where it does not."""
    try:
        named = json.loads(body)["loras"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(name for name in named if isinstance(name, str))

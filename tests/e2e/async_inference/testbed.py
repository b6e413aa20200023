"""The testbed runs scenarios against one miner and records what happens. It judges nothing.

It owns one event loop in a thread of its own, with the driver and the callback server on it, so
that tests stay plain functions that call :meth:`Testbed.run`.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Self, TypeVar

import msgspec

from tests.e2e.async_inference import opening, protocol
from tests.e2e.async_inference.assignments import Assignments
from tests.e2e.async_inference.callback_server import CallbackServer
from tests.e2e.async_inference.driver import Driver
from tests.e2e.async_inference.events import (
    Delivered,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
)
from tests.e2e.async_inference.evidence import Tolerance
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.external_callbacks import (
    ExternalCallbacks,
)
from tests.e2e.async_inference.flight import Flight, Pace
from tests.e2e.async_inference.fold import split
from tests.e2e.async_inference.keeper import Keeper
from tests.e2e.async_inference.liveness import Budgets
from tests.e2e.async_inference.nemesis import Nemesis, Quiet
from tests.e2e.async_inference.poller import Poller
from tests.e2e.async_inference.recorder import Recorder
from tests.e2e.async_inference.run_history import RunHistory
from tests.e2e.async_inference.scenario import Scenario
from tests.e2e.async_inference.twins import comparisons, is_quiet, quiet_pairs
from tests.harness.history import Event
from tests.harness.settings import Settings

T = TypeVar("T")
LOOKED_AT_LAST = 50  # jobs; the latest to end
LEAST_PATIENCE = 1.0  # seconds


class Testbed:
    """One run against one miner. Use it as a context manager.

    ``seed`` is the one source of chance of the run. A ``callback_base_url`` with port 0 stands for
    any free port.

    Raises:
        opening.SetupError: the miner or the callback server is not to be had.
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
        # There before our server listens: strangers' callbacks may come in at once.
        self._assignments = Assignments(settings, recorder.run)
        self._ended: list[Flight] = []
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
        """Give callbacks that nobody waits for any more the time to come in, if there were jobs.

        Jobs that ended lately are asked for all the while: their end is final.
        """
        if self._ended:
            self._await(self._look_a_last_time())

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
        paths = protocol.Paths(settings.endpoint)
        self._poller = Poller(self._exchange, paths, clock=recorder.clock, record=recorder.record)
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
        recorder.record(await opening.greet_miner(self._exchange, self.miner_url))
        self.loras = self.loras or await opening.offered_loras(self._exchange)
        self._assignments.deliver_to(*await self._open_callbacks())

    async def _open_callbacks(self) -> tuple[str, Callable[[str, str], None] | None]:
        """Where the miner shall send callbacks, and how to announce them; None: nowhere."""
        settings, recorder, parts = self.settings, self.recorder, self._open_parts
        if settings.external_callback:
            base = settings.callback_base_url
            exchange = await parts.enter_async_context(Exchange(base, recorder.clock))
            self._external = ExternalCallbacks(exchange, recorder.wall, self._keeper.keep)
            await opening.greet_external_server(self._external, base)
            return base, None
        self._server = await opening.start_server(settings, self._received, recorder.clock)
        parts.push_async_callback(self._server.stop)
        return opening.told_base(settings.callback_base_url, self._server.port), self._server.expect

    async def _run(self, scenario: Scenario, nemesis: Nemesis, name: str) -> None:
        recorder = self.recorder
        if self._server is None and not isinstance(nemesis, Quiet):
            raise opening.SetupError(
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
        await self._driver.run(scenario, [self._assignments.assign(job) for job in scenario.jobs])
        self._ended += self._driver.ended
        if self._server:
            self._server.use(Quiet())
        for delivered in await self._external.new() if self._external else []:
            self._record_and_examine(delivered)
        await self._compare_with_twins()
        await self._keeper.finish()
        recorder.record(ScenarioEnded(at=recorder.clock(), name=name))

    async def _look_a_last_time(self) -> None:
        now, chosen = self.recorder.clock(), self.settings
        lately = [flight for flight in self._ended if flight.ended_lately(now)]
        by_id = {flight.job_id: flight for flight in lately}  # of two with one id, the later
        await self._poller.look_for(
            list(by_id.values())[-LOOKED_AT_LAST:],
            chosen.straggler_wait,
            interval=chosen.poll_interval,
            patience=max(chosen.straggler_wait, LEAST_PATIENCE),
        )

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
            self._keeper.examine(picture, self._assignments.expected_size(event))

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

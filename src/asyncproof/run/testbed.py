"""The testbed runs scenarios against one miner and records what happens. It judges nothing.

It owns one event loop in a thread of its own, with the driver and the callback server on it, so
that tests stay plain functions that call :meth:`Testbed.run`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Self, TypeVar

import msgspec

from asyncproof.driver.driver import Driver
from asyncproof.driver.http_client import CONNECTIONS, HttpClient
from asyncproof.driver.job_state import JobState, Pace, PreparedJob
from asyncproof.driver.load_driver import LoadDriver
from asyncproof.driver.poller import Poller
from asyncproof.driver.prepared_jobs import PreparedJobs
from asyncproof.facts.comparisons import (
    beside_references,
    between_equal_requests,
    between_references,
    comparisons,
    in_dispute,
    in_quiet,
    quiet_pairs,
    with_another_prompt,
)
from asyncproof.harness.loop_thread import LoopThread
from asyncproof.harness.recorder import unwritable
from asyncproof.history.build import build, split
from asyncproof.history.events import (
    AsyncEvent,
    Delivered,
    File,
    Listening,
    RunEnded,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
)
from asyncproof.history.history import History, JobRecord
from asyncproof.history.recorder import Recorder
from asyncproof.images.reference.judgement import Tolerance
from asyncproof.liveness.clocks import Budgets
from asyncproof.liveness.promised_retries import retry_wait
from asyncproof.liveness.step_times import StepTimes
from asyncproof.nemesis import Nemesis
from asyncproof.receiver.callback_server import DEFAULT_LIMITS, NOBODY, CallbackServer
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.nemesis import QUIET
from asyncproof.run import preflight
from asyncproof.run.artifact_store import ArtifactStore
from asyncproof.run.edit_sizes import EditSizes
from asyncproof.run.external_callbacks import ExternalCallbacks
from asyncproof.run.remote_server import RemoteServer
from asyncproof.settings import Settings
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.workload.needs import Need
from asyncproof.workload.scenario import Job, Scenario, a_job_like
from asyncproof.workload.shapes import Stages

T = TypeVar("T")


def _first(errors: ExceptionGroup[OSError]) -> OSError:
    found = errors.exceptions[0]
    return found if isinstance(found, OSError) else _first(found)


SHORT_WAIT = 2.0  # seconds
LOOKED_AT_LAST = 50  # jobs; the latest to end
AGAIN = "pictures that look damaged, drawn again"
LEAST_PATIENCE = 1.0  # seconds
NO_STORAGE = 507  # what our receiver answers where a callback cannot be stored, and nowhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a testbed may use: ``connections`` to the miner, and ``limits`` of its callback server.
    ``lean``: pictures are kept once, so that they can be forgotten again."""

    connections: int = CONNECTIONS
    limits: Limits = DEFAULT_LIMITS
    lean: bool = False


USUAL = Resources()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Jobs for as long as wanted: ``jobs`` with their numbers leave as ``stages`` say, until they
    end or ``enough`` says so. ``ended`` is called with the name of each when nothing more is asked
    about it, ``begun`` with the driver before the first leaves; all on the thread of the testbed.
    """

    name: str
    stages: Stages
    jobs: Iterator[tuple[int, Job]]
    enough: Callable[[], bool]
    ended: Callable[[str], None]
    begun: Callable[[LoadDriver], None]


class Testbed:
    """One run against one miner. :meth:`open` makes it; use it as a context manager.

    ``offer`` is what the miner told of itself.
    """

    __test__ = False  # the name is the field's; it is no test class of pytest

    def __init__(
        self,
        settings: Settings,
        miner_url: str,
        recorder: Recorder,
        *,
        client: HttpClient,
        prepared: PreparedJobs,
        thread: LoopThread,
        parts: AsyncExitStack,
        spoken: Dialect,
        resources: Resources = USUAL,
    ) -> None:
        self._resources = resources
        self.settings, self.miner_url, self.recorder = settings, miner_url, recorder
        self.dialect = spoken
        self.offer = preflight.Offer(settings.test_loras)
        self._client, self._thread, self._parts = client, thread, parts
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="examine")
        clock, record = recorder.clock, recorder.record
        self._poller = Poller(client, spoken, clock=clock, record=record)
        self._store = ArtifactStore(recorder.folder, self._pool, clock=clock, record=record)
        self._prepared = prepared
        self._ended: list[JobState] = []
        self._secrets: set[str] = set()
        self._edit_sizes = EditSizes()
        self._tolerance: Tolerance | None = None
        self._steps = StepTimes()
        self._callback_wait = settings.callback_timeout
        self.lost = ""
        self._lost = asyncio.Event()
        self._driver: Driver | LoadDriver | None = None
        self._server: CallbackServer | None = None
        self._external: ExternalCallbacks | None = None
        self._remote: RemoteServer | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        miner_url: str,
        recorder: Recorder,
        *,
        seed: int,
        small: tuple[int, int] | None = None,
        resources: Resources = USUAL,
        spoken: Dialect | None = None,
    ) -> Self:
        """A testbed that has greeted the miner and takes callbacks.

        ``seed`` is the one source of chance of the run. A ``callback_base_url`` with port 0 stands
        for any free port. ``small`` is the size of pictures that nobody looks at (None: that of the
        settings). ``spoken`` is the dialect of the server (None: that of the settings).

        Raises:
            preflight.SetupError: the miner or the callback server is unavailable.
        """
        thread, parts = LoopThread("testbed"), AsyncExitStack()
        spoken, connections = spoken or dialect(settings.profile_name), resources.connections
        connecting = HttpClient.connected(
            miner_url, recorder.clock, dialect=spoken, connections=connections
        )
        testbed = cls(
            settings,
            miner_url,
            recorder,
            client=thread.run(parts.enter_async_context(connecting)),
            # There before our server listens: strangers' callbacks may come in at once.
            prepared=PreparedJobs(
                settings,
                recorder.run,
                small or settings.image_size,
                callbacks=spoken.has(Need.CALLBACKS),
                own_secrets=spoken.has(Need.SECRETS),
            ),
            thread=thread,
            parts=parts,
            spoken=spoken,
            resources=resources,
        )
        try:
            thread.run(testbed._start(seed))
        except BaseException as error:
            testbed.close(str(error))
            raise
        return testbed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self.close("" if kind is None else kind.__name__)

    def run(
        self,
        scenario: Scenario,
        nemesis: Nemesis | None = None,
        *,
        name: str = "",
        seconds: float = inf,
        most: Budgets | None = None,
    ) -> History:
        """Run a scenario to its end and return what happened, as the checks read it.

        It ends within ``seconds``, whatever its jobs do. ``most`` limits the budgets of its jobs.
        """
        each = (nemesis or QUIET,) * len(scenario.jobs)
        self.fly(scenario, each, name=name, seconds=seconds, most=most)
        return split(self.recorder.events)[1][-1]

    def fly(
        self,
        scenario: Scenario,
        each: Sequence[Nemesis],
        *,
        name: str = "",
        seconds: float = inf,
        most: Budgets | None = None,
    ) -> tuple[str, ...]:
        """Run a scenario, ``each`` job with its nemesis; the names of the jobs, in their order."""
        return self._await(self._run(scenario, each, name, seconds, most))

    def stream(self, stream: Stream) -> None:
        """Send jobs for as long as wanted, and follow each to its end."""
        self._await(self._stream(stream))

    def forget(self, job: JobRecord, *, pictures: bool) -> None:
        """Keep nothing in memory about a job that was judged, and with ``pictures`` none of its
        pictures on disk either. Call it on the testbed's thread."""
        token = job.submitted.token
        self._prepared.forget(job.name, token)
        if self._server:
            self._server.forget(token)
        if pictures:
            for picture in job.pictures():
                self._store.forget(picture, job.size)

    async def examined(self) -> None:
        """Return when every picture that came so far was examined."""
        await self._store.finish()

    def draw_again(self, doubtful: Sequence[JobRecord]) -> None:
        """Ask for the pictures of these jobs twice more, in quiet, and lay them beside each other.

        One look at one picture can err, and of two that differ either may be right; the same
        request made again tells.
        """
        chosen = doubtful[: self.settings.draw_again]
        if not chosen:
            return
        self.run(in_quiet([a_job_like(job.submitted.request) for job in chosen]), name=AGAIN)
        self.compare_what_is_equal()

    def compare_what_is_equal(self) -> None:
        """Lay pictures of equal requests beside each other, whichever scenarios sent them."""
        self._await(self._compare_what_is_equal())

    def comes_back(self, seconds: float) -> bool:
        """Whether the miner answers within this time, where nobody listened before."""
        return self._await(self._comes_back(seconds))

    def expect_no_callbacks(self) -> None:
        """None came from any job: what is sent from now on is not waited for as long."""
        self._callback_wait = min(self._callback_wait, SHORT_WAIT)

    def wait_for_stragglers(self) -> None:
        """Give callbacks that nobody waits for any more the time to come in, if there were jobs.

        Jobs that ended lately are asked for all the while: their end is final.
        """
        if self._ended:
            self._await(self._look_a_last_time())

    def close(self, incomplete: str = "") -> None:
        """End the run. ``incomplete`` says why it ended early; empty where it did not."""
        if self._thread.running:
            self._await(self._parts.aclose())
            self._thread.close()
            self._pool.shutdown(cancel_futures=True)
            self.recorder.record(RunEnded(at=self.recorder.clock(), incomplete=incomplete))
            self.recorder.close()

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._thread.run(work)
        except BaseException:
            self._driver = None  # its jobs are no longer waited for
            raise

    # The rest runs on the testbed's own thread.

    async def _start(self, seed: int) -> None:
        recorder, settings = self.recorder, self.settings
        recorder.record(
            RunStarted(
                at=recorder.clock(),
                run=recorder.run,
                seed=seed,
                wall=recorder.wall,
                target=self.miner_url,
                settings=settings.described(),
                dialect=self.dialect.spoken,
            )
        )
        recorder.record(await preflight.greet_miner(self._client, self.miner_url, self.dialect))
        told = await preflight.offer(self._client, self.dialect.health)
        self.offer = replace(told, loras=settings.test_loras or told.loras)
        self._prepared.deliver_to(*await self._open_callbacks())

    async def _open_callbacks(self) -> tuple[str, Callable[[str, str], None] | None]:
        """Where the miner shall send callbacks, and how to announce them; None: nowhere."""
        settings, recorder, parts = self.settings, self.recorder, self._parts
        if settings.external_callback:
            base = settings.callback_base_url
            connecting = HttpClient.connected(base, recorder.clock, settings.callback_view_token)
            client = await parts.enter_async_context(connecting)
            self._external = ExternalCallbacks(client, recorder.wall, self._store.keep)
            await preflight.greet_external_server(self._external, base)
            if settings.callback_control_url is None:
                return base, None
            self._remote = await self._open_remote(settings.callback_control_url)
            return base, self._remote.expect
        self._server = await preflight.start_server(
            settings,
            self._received,
            recorder.clock,
            self.dialect,
            limits=self._resources.limits,
            recall=self._prepared.recall,
        )
        parts.push_async_callback(self._server.stop)
        told = preflight.told_base(settings.callback_base_url, self._server.port)
        host, port = self._server.host, self._server.port
        recorder.record(Listening(at=recorder.clock(), told=told, host=host, port=port))
        return told, self._server.expect

    async def _open_remote(self, url: str) -> RemoteServer:
        recorder, token = self.recorder, self.settings.callback_view_token
        connecting = HttpClient.connected(url, recorder.clock, token)
        remote = RemoteServer(await self._parts.enter_async_context(connecting), recorder.wall)
        await preflight.greet_remote_server(remote, url)
        return remote

    async def _use(self, nemesis: Nemesis, by_token: Mapping[str, Nemesis] = NOBODY) -> None:
        """Let these handle the callbacks from now on, where the server is ours or controlled."""
        if self._server:
            self._server.use(nemesis, by_token)
        elif self._remote:
            await self._remote.use(nemesis, by_token)

    async def _run(
        self,
        scenario: Scenario,
        each: Sequence[Nemesis],
        name: str,
        seconds: float,
        most: Budgets | None,
    ) -> tuple[str, ...]:
        recorder = self.recorder
        pace = self._pace(scenario.patience)
        hostile = [nemesis for nemesis in dict.fromkeys(each) if nemesis != QUIET]
        everybodys = hostile[0] if hostile and set(each) == {hostile[0]} else QUIET
        if self._server is None and self._remote is None and hostile:
            raise preflight.SetupError(
                "hostile receivers need a callback server of our own (unset "
                "ASYNC_USE_EXTERNAL_CALLBACK), or one with a control port "
                "(ASYNC_CALLBACK_CONTROL_URL)"
            )
        started = ScenarioStarted(
            at=recorder.clock(),
            name=name,
            nemesis=", ".join(map(str, hostile or [QUIET])),
            jobs=len(scenario.jobs),
            shape=str(scenario.shape),
            provokes=tuple(sorted(scenario.provokes | everybodys.provokes)),
        )
        recorder.record(started)
        prepared = [self._prepared.assign(job) for job in scenario.jobs]
        self._secrets |= {one.callback.secret for one in prepared if one.callback}
        driver = self._driver = Driver(
            self._client,
            self.dialect,
            replace(pace, budgets=self._fit(most) if most else pace.budgets),
            scenario,
            prepared,
            clock=recorder.clock,
            record=self._record_and_examine,
            keep=self._store.keep,
            secrets=self._secrets,
            until=recorder.clock() + pace.for_the_work(seconds),
            steps=self._steps,
        )
        tokens = [job.token for job in prepared]
        await self._use(everybodys, dict(zip(tokens, each, strict=True)))
        await self._unless_lost(driver.run())
        self._ended += driver.ended
        await self._use(QUIET)
        for act in await self._remote.acts() if self._remote else []:
            self._record(act)
        for delivered in await self._external.new() if self._external else []:
            self._record_and_examine(delivered)
        await self._store.finish()  # a reference that looks damaged is no reference
        await self._compare_with_references()
        recorder.record(ScenarioEnded(at=recorder.clock(), name=name))
        return tuple(job.name for job in prepared)

    async def _stream(self, stream: Stream) -> None:
        recorder = self.recorder
        recorder.record(
            ScenarioStarted(
                at=recorder.clock(),
                name=stream.name,
                nemesis=str(QUIET),
                jobs=0,
                shape=str(stream.stages),
                provokes=(),
            )
        )
        driver = self._driver = LoadDriver(
            self._client,
            self.dialect,
            self._pace(0.0),
            stream.stages,
            self._assigned(stream.jobs),
            clock=recorder.clock,
            record=self._record_and_examine,
            keep=self._store.keep,
            ended=stream.ended,
            enough=stream.enough,
            connections=self._resources.connections,
            steps=self._steps,
        )
        stream.begun(driver)
        await self._unless_lost(driver.run())
        if self._client.exhausted:
            raise preflight.RunLostError(f"this machine is too small: {self._client.exhausted}")
        await asyncio.sleep(self.settings.straggler_wait)
        await self._store.finish()
        recorder.record(ScenarioEnded(at=recorder.clock(), name=stream.name))

    def _assigned(self, jobs: Iterator[tuple[int, Job]]) -> Iterator[PreparedJob]:
        return (self._prepared.assign(job, number) for number, job in jobs)

    async def _comes_back(self, seconds: float) -> bool:
        until, pause = self.recorder.clock() + seconds, self.settings.poll_interval
        while (await self._client.ask("GET", self.dialect.health or "/")).nobody_there:
            if self.recorder.clock() > until:
                return False
            await asyncio.sleep(pause)
        return True

    async def _unless_lost(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; where the disk fails meanwhile, it is given up.

        Raises:
            preflight.RunLostError: nothing more can be recorded or kept.
        """
        doing, losing = asyncio.ensure_future(work), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({doing, losing}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # which ends this wait, and not what it waits for
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            raise
        finally:
            losing.cancel()
        try:
            if not self._lost.is_set():
                await doing
                return
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
        except* OSError as errors:
            self._lose(_first(errors))
        raise preflight.RunLostError(self.lost)

    def _lose(self, error: OSError | str) -> None:
        if not self.lost:
            folder = self.recorder.folder
            self.lost = error if isinstance(error, str) else unwritable(folder, error)
        self._lost.set()

    async def _look_a_last_time(self) -> None:
        now, chosen = self.recorder.clock(), self.settings
        lately = [s for s in self._ended if s.ended_lately(now) or s.stalled is not None]
        by_id = {state.job_id: state for state in lately}  # of two with one id, the later
        await self._poller.look_for(
            list(by_id.values())[-LOOKED_AT_LAST:],
            chosen.straggler_wait,
            interval=chosen.poll_interval,
            patience=max(chosen.straggler_wait, LEAST_PATIENCE),
        )

    async def _compare_with_references(self) -> None:
        """Learn from what was made in quiet; lay what was made under load beside it."""
        whole, parts = split(self.recorder.events)
        scenario = parts[-1]
        if any(job.is_idle for job in scenario):
            # The two of a pair may have been sent by two scenarios.
            self._tolerance = await self._store.learn(quiet_pairs(whole))
        if self._tolerance is not None:
            await self._store.compare(between_references(whole), self._tolerance)
            scenario = split(self.recorder.events)[1][-1]
            planned = [*comparisons(scenario), *in_dispute(scenario)]
            await self._store.compare(planned, self._tolerance)

    async def _compare_what_is_equal(self) -> None:
        for plan in (
            between_references,
            beside_references,
            in_dispute,
            between_equal_requests,
            with_another_prompt,
        ):
            if self._tolerance is not None:
                whole = build(self.recorder.events)
                await self._store.compare(plan(whole), self._tolerance)

    def _pace(self, patience: float) -> Pace:
        chosen = self.settings
        usual = self._fit(Budgets.of(chosen))
        tells_delivery = self.dialect.has(Need.STATEMENTS)
        # Who tells nothing of its retries is not waited for while it may still make some.
        patience = patience if tells_delivery else 0.0
        budgets = replace(
            usual,
            post_process=usual.post_process + patience,
            total=usual.total + patience,
        )
        return Pace(
            chosen.poll_interval,
            self._callback_wait + patience,
            budgets,
            tells_delivery=tells_delivery,
            retry_wait=retry_wait(self.dialect.spoken.retry_within),
        )

    def _fit(self, budgets: Budgets) -> Budgets:
        """The budgets for a server of this dialect: one that cannot be asked is neither silent nor
        seen to stand still, and only the time for the whole job counts."""
        if self.dialect.has(Need.POLLING):
            return budgets
        never = 2 * budgets.total
        return replace(budgets, silence=never, process=never)

    def _received(self, event: AsyncEvent) -> None:
        """Our callback server tells what came in (already on the testbed's thread)."""
        if isinstance(event, Delivered):
            if event.answered == NO_STORAGE:
                self._lose(f"{self.settings.callback_folder}: a callback {event.broken}")
            try:
                event = self._adopted(event)
            except OSError as error:
                self._lose(error)
            self._record_and_examine(event)
            if self._driver:
                self._driver.attempted(event)
        else:
            self._record(event)

    def _record(self, event: AsyncEvent) -> None:
        self.recorder.record(event)
        if self.recorder.failure:
            self._lose(self.recorder.failure)

    def _adopted(self, event: Delivered) -> Delivered:
        if event.image is None:
            return event
        source = self.settings.callback_folder / event.image.path
        adopted = self._store.adopt(event.image, source)
        if self._resources.lean:
            source.unlink(missing_ok=True)
        return msgspec.structs.replace(event, image=adopted)

    def _record_and_examine(self, event: AsyncEvent) -> None:
        self._record(event)
        picture = event.image if isinstance(event, Delivered) else getattr(event, "file", None)
        if picture is not None:
            asked = self._prepared.expected_size(event)
            right, together = (
                self._right_size(picture, asked),
                self._prepared.judged_together(event),
            )
            self._store.examine(picture, asked, right, measured=together)

    def _right_size(self, picture: File, asked: tuple[int, int]) -> tuple[int, int]:
        if self.dialect.sizes_are_asked:
            return asked
        return self._edit_sizes.expected(asked, self._store.real_size(picture))

"""The life of one worker: it is started, goes through its phases, and is ended.

``watch`` it idle, ask its ``endpoints``, give it ``work``, trouble its hive, stop its process for a
while, and ask it to end. What happens is recorded; nothing is judged.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

import psutil

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.client import Client
from tests.e2e.worker_isolation.heartbeats import SCHEMAS, Schema
from tests.e2e.worker_isolation.hive import HOST, HOSTILE, Hive, Mode
from tests.e2e.worker_isolation.planned import Plan, SetupError, checked_port, free_port
from tests.e2e.worker_isolation.profile import command_line
from tests.e2e.worker_isolation.record import ENDPOINTS, STOPPED, STOPPING, WATCH, WORK
from tests.e2e.worker_isolation.recorder import Recorder
from tests.harness.processes import StartError, Supervised, wait_until_ready

PROBE_TOKENS = 20
CLIENTS = 2  # generations at once during the work phase
TAIL = 30  # lines of the worker's log that a report shows


class Life:
    """One worker from its start to its end."""

    def __init__(self, plan: Plan, number: int, recorder: Recorder) -> None:
        self._plan, self._recorder, self._limits = plan, recorder, plan.limits
        self._name = f"worker-{number + 1}"
        self._worker_id = plan.worker_ids[number]
        self._port = checked_port(plan.ports[number]) if plan.ports[number] else free_port()
        self._hive_port = plan.hive_ports[number]
        self._schema: Schema | None = SCHEMAS.get(plan.schema)
        self._patience = self._limits.stale * self._limits.interval + self._limits.slack

    async def run(self) -> None:
        try:
            hive = Hive(
                self._name,
                self._hive_port,
                self._schema,
                self._recorder,
                delay=1.5 * self._limits.interval,
            )
        except OSError as error:
            message = f"port {self._hive_port} for the hive is taken; give another: --hive-port 0"
            raise SetupError(message) from error
        async with hive, self._process(hive) as process, self._client() as client:
            if await self._becomes_ready(process, client):
                with contextlib.suppress(_DiedError):  # _end tells
                    await self._phases(hive, process, client)

    @contextlib.asynccontextmanager
    async def _process(self, hive: Hive) -> AsyncIterator[Supervised]:
        command = self._command(hive)
        log = self._plan.folder / f"{self._name}.log"
        stop = self._limits.stop
        try:
            process = Supervised(command, name=self._name, log=log, stop_grace=stop)
        except StartError as error:
            raise SetupError(f"{error}; see --worker-cmd and the profile's command") from error
        with contextlib.suppress(psutil.Error):
            seen = psutil.Process(process.pid)
            hive.process = lambda: seen
        self._recorder.add(
            ev.WorkerStarted(
                at=self._recorder.now(),
                worker=self._name,
                worker_id=self._worker_id,
                pid=process.pid,
                url=self._url,
                command=" ".join(command),
            )
        )
        try:
            yield process
        finally:
            await self._end(process)

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        client = Client(self._name, self._url, self._plan.profile, self._limits, self._recorder)
        try:
            yield client
        finally:
            await client.close()

    @property
    def _url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def _command(self, hive: Hive) -> list[str]:
        return command_line(
            self._plan.command,
            {
                "worker_id": self._worker_id,
                "model": self._plan.model,
                "backend": self._plan.backend,
                "device": self._plan.device,
                "port": self._port,
                "hive_url": hive.url,
                "heartbeat_interval": f"{self._limits.interval:g}",
            },
        )

    def _phase(self, name: str) -> None:
        self._recorder.add(ev.PhaseBegan(at=self._recorder.now(), worker=self._name, phase=name))

    async def _becomes_ready(self, process: Supervised, client: Client) -> bool:
        began, loop = self._recorder.now(), asyncio.get_running_loop()
        last: dict[str, ev.Answered] = {}

        async def probe() -> bool:
            last["health"] = await client.health(record=False)
            if not _good(last["health"]):
                return False
            last["ready"] = await client.ready(record=False)
            return _good(last["ready"])

        def probe_from_thread() -> bool:
            return asyncio.run_coroutine_threadsafe(probe(), loop).result()

        try:
            await asyncio.to_thread(
                wait_until_ready, process, probe_from_thread, self._limits.ready
            )
        except StartError:
            if process.running:
                self._record_never_ready(began, last)
            return False
        now = self._recorder.now()
        self._recorder.add(ev.BecameReady(at=now, worker=self._name, took=now - began))
        return True

    def _record_never_ready(self, began: float, last: dict[str, ev.Answered]) -> None:
        now = self._recorder.now()
        event = ev.NeverReady(
            at=now,
            worker=self._name,
            took=now - began,
            health=_told(last.get("health")),
            ready=_told(last.get("ready")),
            healthy="health" in last and _good(last["health"]),
        )
        self._recorder.add(event)

    async def _phases(self, hive: Hive, process: Supervised, client: Client) -> None:
        beats = self._schema is not None
        if beats:
            await self._watch(process)
        await self._endpoints(process, client)
        await self._work(process, client)
        if beats and self._plan.difficult_hive:
            for mode in HOSTILE:
                await self._trouble(hive, mode, process, client)
        if beats and self._plan.stop_process:
            await self._stopped(process)

    def _need_life(self, process: Supervised) -> None:
        if not process.running:
            raise _DiedError

    async def _pause(self, process: Supervised, seconds: float) -> None:
        """Let time pass; ends early when the process died."""
        end = self._recorder.now() + seconds
        while (left := end - self._recorder.now()) > 0:
            self._need_life(process)
            await asyncio.sleep(min(left, 0.1))

    async def _watch(self, process: Supervised) -> None:
        self._phase(WATCH)
        await self._pause(process, self._plan.watch)

    async def _endpoints(self, process: Supervised, client: Client) -> None:
        self._phase(ENDPOINTS)
        await client.health()
        await client.ready()
        for style in self._styles:
            self._need_life(process)
            await client.infer(style, "probe", PROBE_TOKENS)

    @property
    def _styles(self) -> list[str]:
        profile = self._plan.profile
        styles = {"json": profile.inference, "stream": profile.stream}
        return [style for style, shape in styles.items() if shape is not None]

    async def _work(self, process: Supervised, client: Client) -> None:
        """Keep it busy for longer than heartbeats may be silent, and look at its health."""
        self._phase(WORK)
        tokens = self._tokens_for(2 * self._limits.interval + self._limits.slack)
        end = self._recorder.now() + (self._patience + self._limits.interval if self._schema else 1)

        async def keep_busy() -> None:
            while self._recorder.now() < end and process.running:
                answer = await client.infer(self._styles[-1], "work", tokens)
                if answer.error or answer.problems or answer.status_code != 200:
                    await self._pause(process, 0.2)  # no storm of failing requests

        async def look() -> None:
            while self._recorder.now() < end and process.running:
                await self._pause(process, max(0.3, self._limits.interval))
                await client.health()

        await asyncio.gather(*(keep_busy() for _ in range(CLIENTS)), look())
        for level in self._plan.levels:
            await self._measure(process, client, level)
        self._need_life(process)

    def _tokens_for(self, seconds: float) -> int:
        """How many tokens take about so long, by what the probes took."""
        rates = [
            g.tokens / (g.at - g.began)
            for g in self._recorder.of(self._name, ev.Inferred)
            if g.tokens and g.at > g.began
        ]
        longest = self._plan.profile.stream.longest if self._plan.profile.stream else 512
        return max(1, min(longest, int(max(rates, default=PROBE_TOKENS) * seconds)))

    async def _measure(self, process: Supervised, client: Client, level: int) -> None:
        """``requests`` generations, ``level`` at once."""
        waiting = list(range(max(self._plan.requests, level)))

        async def one_after_another() -> None:
            while waiting and process.running:
                waiting.pop()
                await client.infer(self._styles[-1], f"benchmark {level}", 64)

        await asyncio.gather(*(one_after_another() for _ in range(level)))

    async def _trouble(self, hive: Hive, mode: Mode, process: Supervised, client: Client) -> None:
        """The hive is hostile for two intervals and more, and then good again."""
        self._phase(f"hive {mode}")
        beating = self._beats_since(self._recorder.now() - self._patience)
        await hive.turn(mode)
        await self._pause(process, 1.2 * self._limits.interval)
        await client.health()
        for style in self._working_styles():
            self._need_life(process)
            await client.infer(style, "probe", PROBE_TOKENS)
        await self._pause(process, 1.2 * self._limits.interval)
        await hive.turn(Mode.OK)
        if beating:
            await self._beats_again(process)

    def _working_styles(self) -> list[str]:
        """What answered in peace: the rest has nothing to say about the hive."""
        probes = [g for g in self._recorder.of(self._name, ev.Inferred) if g.purpose == "probe"]
        failed = {g.style for g in probes if g.error or g.status_code != 200}
        return [style for style in self._styles if style not in failed]

    def _beats_since(self, at: float) -> bool:
        beats = self._recorder.of(self._name, ev.HeartbeatReceived)
        return any(beat.at > at and beat.answered == 200 for beat in beats)

    async def _beats_again(self, process: Supervised) -> None:
        since = self._recorder.now()

        def again() -> bool:
            return not process.running or self._beats_since(since)

        await self._recorder.until(again, self._patience)
        self._need_life(process)

    async def _stopped(self, process: Supervised) -> None:
        """Stop the process without its knowledge: nothing may speak for it meanwhile."""
        self._phase(STOPPED)
        beating = self._beats_since(self._recorder.now() - self._patience)
        self._signal(process, signal.SIGSTOP)
        await self._pause(process, self._limits.slack + 2 * self._limits.interval)
        self._signal(process, signal.SIGCONT)
        if beating:
            await self._beats_again(process)

    def _signal(self, process: Supervised, number: signal.Signals) -> None:
        if number is signal.SIGSTOP:
            process.send_signal(number)
        self._recorder.add(
            ev.Signalled(at=self._recorder.now(), worker=self._name, signal=number.name)
        )
        if number is signal.SIGCONT:
            process.send_signal(number)

    async def _end(self, process: Supervised) -> None:
        asked = process.running
        if asked:
            self._phase(STOPPING)
        began = self._recorder.now()
        status = await asyncio.shield(asyncio.to_thread(process.stop))
        now = self._recorder.now()
        event = ev.WorkerEnded(
            at=now if asked else min(now, self._started + status.seconds),
            worker=self._name,
            asked=asked,
            code=status.code,
            status=str(status),
            took=now - began,
            forced=status.forced,
            left_behind=status.left_behind,
        )
        self._recorder.add(event)
        lines = tuple(process.tail(TAIL))
        self._recorder.add(ev.LogTail(at=now, worker=self._name, lines=lines))

    @property
    def _started(self) -> float:
        return self._recorder.of(self._name, ev.WorkerStarted)[-1].at


class _DiedError(Exception):
    """The worker's process has ended; there is nothing more to do to it."""


def _good(answer: ev.Answered) -> bool:
    return not answer.error and not answer.problems


def _told(answer: ev.Answered | None) -> str:
    if answer is None:
        return "nothing"
    return answer.error or f"{answer.status_code} {answer.body[:200]}"

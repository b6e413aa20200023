"""The lifecycle of one worker: it starts, becomes ready, goes through its phases, and is stopped.

What happens is recorded; nothing is judged.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import psutil

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.processes import StartError, Supervised, wait_until_ready
from asyncproof.places import with_servers
from asyncproof.worker import events as ev
from asyncproof.worker.client import Client
from asyncproof.worker.heartbeats import SCHEMAS, Schema
from asyncproof.worker.hive import Hive
from asyncproof.worker.phases import Phases
from asyncproof.worker.plan import RefusedError, WorkerPlan, WorkerSetupError
from asyncproof.worker.ports import HOST, free_port, listening
from asyncproof.worker.profile import command_line
from asyncproof.worker.record import STOPPING
from asyncproof.worker.recorder import WorkerRecorder

TAIL = 30  # lines of the worker's log that a report shows
HURRY = 1.0  # seconds for a worker to stop when the run is interrupted
BUNDLED = "reference.worker"  # a module that is beside this package, not in it
LAST_WORDS = 5  # lines of a worker that refused to run


class Lifecycle:
    """One worker from its start to its end."""

    def __init__(self, plan: WorkerPlan, number: int, recorder: WorkerRecorder) -> None:
        self._plan, self._recorder, self._limits = plan, recorder, plan.limits
        self._name = f"worker-{number + 1}"
        self._worker_id = plan.worker_ids[number]
        self._port = _checked(plan.ports[number]) or free_port()
        self._hive_port = plan.hive_ports[number] or free_port()
        self._log = plan.folder / f"{self._name}.log"
        self._over = False
        self._schema: Schema | None = SCHEMAS.get(plan.schema)

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
            message = f"port {self._hive_port} for the hive is taken; use another: --hive-port 0"
            raise WorkerSetupError(message) from error
        async with hive, self._process(hive) as process, self._client() as client:
            if await self._becomes_ready(process, client):
                phases = Phases(
                    self._name,
                    self._plan,
                    self._recorder,
                    hive=hive,
                    process=process,
                    client=client,
                )
                await phases.run()
                await self._end_at_work(phases, process)

    @contextlib.asynccontextmanager
    async def _process(self, hive: Hive) -> AsyncIterator[Supervised]:
        command = self._command(hive)
        env = with_servers(os.environ) if BUNDLED in command else {}
        try:
            process = Supervised(command, name=self._name, log=self._log, env=env)
        except StartError as error:
            raise WorkerSetupError(
                f"{error}; see --worker-cmd and the profile's command"
            ) from error
        with contextlib.suppress(psutil.Error):
            seen = psutil.Process(process.pid)
            hive.process = lambda: seen
        self._recorder.record(
            ev.WorkerStarted(
                at=self._recorder.clock(),
                worker=self._name,
                worker_id=self._worker_id,
                pid=process.pid,
                url=self._url,
                command=" ".join(command),
                scratch=str(process.scratch),
            )
        )
        grace = self._limits.stop
        try:
            yield process
        except asyncio.CancelledError:  # someone waits for the end of the whole run
            grace = min(grace, HURRY)
            raise
        finally:
            if not self._over:
                await self._end(process, grace)

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

    async def _becomes_ready(self, process: Supervised, client: Client) -> bool:
        began, loop = self._recorder.clock(), asyncio.get_running_loop()
        last: dict[str, ev.WorkerAnswered] = {}

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
        except StartError as error:
            if process.running:
                self._record_never_ready(began, last)
            if error.status and error.status.code == ExitCode.USAGE:
                raise self._refused(process) from error
            return False
        now = self._recorder.clock()
        self._recorder.record(ev.BecameReady(at=now, worker=self._name, took=now - began))
        return True

    def _refused(self, process: Supervised) -> RefusedError:
        """Exit code 2 means that the command line, or a file that it names, is wrong: a usage
        error, not a defect of the worker."""
        words = "\n  ".join(process.tail(LAST_WORDS)) or "(nothing)"
        return RefusedError(
            f"{self._name} refused its command or its model (exit code 2). It said:\n  {words}\n"
            f"Correct --model, --worker-cmd or the profile; the whole log: {self._log}"
        )

    def _record_never_ready(self, began: float, last: dict[str, ev.WorkerAnswered]) -> None:
        now = self._recorder.clock()
        event = ev.NeverReady(
            at=now,
            worker=self._name,
            took=now - began,
            health=_told(last.get("health")),
            ready=_told(last.get("ready")),
            healthy="health" in last and _good(last["health"]),
        )
        self._recorder.record(event)

    async def _end_at_work(self, phases: Phases, process: Supervised) -> None:
        """Ask it to stop during an answer, and record how that answer ends."""
        answer = await phases.at_stop()
        try:
            await self._end(process, self._limits.stop)
        finally:
            if answer is not None:
                await asyncio.wait([answer], timeout=self._limits.stop)
                answer.cancel()

    async def _end(self, process: Supervised, grace: float) -> None:
        asked, self._over = process.running, True
        if asked:
            self._recorder.phase(self._name, STOPPING)
        began = self._recorder.clock()
        status = await asyncio.shield(asyncio.to_thread(process.stop, grace))
        now = self._recorder.clock()
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
        self._recorder.record(event)
        lines = tuple(process.tail(TAIL))
        self._recorder.record(ev.LogTail(at=now, worker=self._name, lines=lines))

    @property
    def _started(self) -> float:
        return self._recorder.of(self._name, ev.WorkerStarted)[-1].at


def _checked(port: int) -> int:
    """The port, which may be 0, if nothing listens on it."""
    try:
        listening(port).close()
    except OSError as error:
        raise WorkerSetupError(
            f"port {port} for the worker is taken; use another: --port 0"
        ) from error
    return port


def _good(answer: ev.WorkerAnswered) -> bool:
    return not answer.error and not answer.problems


def _told(answer: ev.WorkerAnswered | None) -> str:
    if answer is None:
        return "nothing"
    return answer.error or f"{answer.status_code} {answer.body[:200]}"

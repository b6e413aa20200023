"""The life of one worker: it is started, becomes ready, goes through its phases, and is ended.

What happens is recorded; nothing is judged.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psutil

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.client import Client
from tests.e2e.worker_isolation.heartbeats import SCHEMAS, Schema
from tests.e2e.worker_isolation.hive import Hive
from tests.e2e.worker_isolation.phases import Phases
from tests.e2e.worker_isolation.planned import Plan, RefusedError, SetupError
from tests.e2e.worker_isolation.ports import HOST, free_port, listening
from tests.e2e.worker_isolation.profile import command_line
from tests.e2e.worker_isolation.record import STOPPING
from tests.e2e.worker_isolation.recorder import Recorder
from tests.harness.exit_codes import ExitCode
from tests.harness.processes import StartError, Supervised, wait_until_ready

TAIL = 30  # lines of the worker's log that a report shows
HURRY = 1.0  # seconds that a worker has to stop when the run is interrupted
LAST_WORDS = 5  # lines of one that refused to run


class Life:
    """One worker from its start to its end."""

    def __init__(self, plan: Plan, number: int, recorder: Recorder) -> None:
        self._plan, self._recorder, self._limits = plan, recorder, plan.limits
        self._name = f"worker-{number + 1}"
        self._worker_id = plan.worker_ids[number]
        self._port = _checked(plan.ports[number]) or free_port()
        self._hive_port = plan.hive_ports[number] or free_port()
        self._log = plan.folder / f"{self._name}.log"
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
            message = f"port {self._hive_port} for the hive is taken; give another: --hive-port 0"
            raise SetupError(message) from error
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

    @contextlib.asynccontextmanager
    async def _process(self, hive: Hive) -> AsyncIterator[Supervised]:
        command = self._command(hive)
        try:
            process = Supervised(command, name=self._name, log=self._log)
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
                scratch=str(process.scratch),
            )
        )
        grace = self._limits.stop
        try:
            yield process
        except asyncio.CancelledError:  # somebody waits for the end of the whole run
            grace = min(grace, HURRY)
            raise
        finally:
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
        except StartError as error:
            if process.running:
                self._record_never_ready(began, last)
            if error.status and error.status.code == ExitCode.USAGE:
                raise self._refused(process) from error
            return False
        now = self._recorder.now()
        self._recorder.add(ev.BecameReady(at=now, worker=self._name, took=now - began))
        return True

    def _refused(self, process: Supervised) -> RefusedError:
        """With exit code 2 a program says that its command line, or what that names, is wrong: that
        is for whoever gave it, and no defect of the worker."""
        words = "\n  ".join(process.tail(LAST_WORDS)) or "(nothing)"
        return RefusedError(
            f"{self._name} refused its command or its model (exit code 2). It said:\n  {words}\n"
            f"Correct --model, --worker-cmd or the profile; the whole log: {self._log}"
        )

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

    async def _end(self, process: Supervised, grace: float) -> None:
        asked = process.running
        if asked:
            self._recorder.phase(self._name, STOPPING)
        began = self._recorder.now()
        status = await asyncio.shield(asyncio.to_thread(process.stop, grace))
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


def _checked(port: int) -> int:
    """The port, which may be 0, if nobody listens there."""
    try:
        listening(port).close()
    except OSError as error:
        raise SetupError(f"port {port} for the worker is taken; give another: --port 0") from error
    return port


def _good(answer: ev.Answered) -> bool:
    return not answer.error and not answer.problems


def _told(answer: ev.Answered | None) -> str:
    if answer is None:
        return "nothing"
    return answer.error or f"{answer.status_code} {answer.body[:200]}"

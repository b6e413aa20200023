"""From the queue to an ending: gives jobs to inference processes and takes what they report."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reference.miner.jobs import Ending, Job, Status
from reference.miner.messages import Report, State, Task
from reference.miner.pool import Pool
from reference.miner.seams import Chain
from reference.miner.settings import Settings
from reference.miner.triggers import Arming

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Slot:
    """What the engine knows of one process: its launch, its state and its job, if it has one."""

    launch: int = 0
    state: State = State.STARTING
    job: Job | None = None
    total: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        return self.state is State.WAITING and self.job is None


class Engine:
    """Jobs in order of submission, one at a time for each process. ``on_end`` gets each job once,
    when it has become terminal."""

    def __init__(
        self,
        settings: Settings,
        seams: Chain,
        arming: Arming,
        folder: Path,
        on_end: Callable[[Job], None],
    ) -> None:
        self._settings = settings
        self._seams = seams
        self._arming = arming
        self._folder = folder
        self._on_end = on_end
        faults = tuple((fault.name, fault.value) for fault in seams.faults)
        self._pool = Pool(settings.workers, faults, self._hear, self._lost)
        self._slots = [Slot() for _ in range(settings.workers)]
        self._queue: list[Job] = []
        self._stopping = False
        self._replacing: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()
        self.refused_results = 0

    def start(self) -> None:
        """Start every process; ``ready`` is set when the first can take a job."""
        for index in range(len(self._slots)):
            self._launch(index)

    async def stop(self) -> None:
        """End every process."""
        self._stopping = True
        for slot in self._slots:
            if slot.total:
                slot.total.cancel()
        await self._pool.stop()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def slots(self) -> list[Slot]:
        return list(self._slots)

    def submit(self, job: Job) -> None:
        """Queue a job. Never waits."""
        self._queue.append(job)
        self._dispatch()

    def fail(self, job: Job, why: str) -> None:
        """End a job that never reached a process."""
        self._end(job, Ending(status=Status.FAILED, error=why))

    def _launch(self, index: int) -> None:
        self._slots[index] = Slot(launch=self._pool.launch(index))

    def _dispatch(self) -> None:
        for index, slot in enumerate(self._slots):
            if self._queue and slot.idle:
                self._queue = self._seams.queue(self._queue)
                self._begin(index, slot, self._queue.pop(0))

    def _begin(self, index: int, slot: Slot, job: Job) -> None:
        job.status, job.worker, job.progress = Status.PROCESSING, index, 0.0
        job.started_at = datetime.now(UTC)
        job.attempts += 1
        slot.job = job
        slot.total = asyncio.get_running_loop().call_later(
            self._settings.inference_timeout, self._over_time, index, job
        )
        if not self._pool.send(index, self._task(job)):
            log.warning("process %d was gone before it got job %s", index, job.job_id)

    def _task(self, job: Job) -> Task:
        asked = job.request
        task = Task(
            key=job.key,
            prompt=asked.prompt,
            width=asked.width,
            height=asked.height,
            steps=asked.steps,
            guidance=asked.guidance,
            seed=job.seed,
            path=str(self._folder / f".{job.key}-{job.attempts}.png"),
            seconds=self._settings.job_seconds,
            lora=asked.lora_path,
            source=job.source,
        )
        return self._arming.of(self._seams.faults, job, self._seams.task(job, task))

    def _hear(self, index: int, report: Report) -> None:
        slot = self._slots[index]
        if report.launch != slot.launch:
            self.refused_results += report.state is State.COMPLETE
            return
        slot.state = report.state
        if slot.job is not None and report.key == slot.job.key:
            self._hear_of_job(slot, slot.job, report)
        if report.state is State.WAITING:
            self.ready.set()
            self._dispatch()

    def _hear_of_job(self, slot: Slot, job: Job, report: Report) -> None:
        if report.percent is not None:
            job.progress = report.percent
        if report.state is State.COMPLETE:
            self._release(slot)
            self._end(job, Ending(status=Status.COMPLETED, image=self._publish(job)))
        elif report.state is State.FAILED:
            self._release(slot)
            self._end(job, Ending(status=Status.FAILED, error=report.detail))

    def _publish(self, job: Job) -> Path:
        """Give the picture of the accepted attempt its final name."""
        path = self._folder / f"{job.key}.png"
        (self._folder / f".{job.key}-{job.attempts}.png").replace(path)
        return path

    def _release(self, slot: Slot) -> None:
        slot.job = None
        if slot.total:
            slot.total.cancel()
            slot.total = None

    def _end(self, job: Job, ending: Ending) -> None:
        if job.terminal:
            return
        ending = self._seams.ended(job, ending)
        job.status, job.image, job.error = ending.status, ending.image, ending.error
        job.ended_at = datetime.now(UTC)
        self._on_end(job)

    def _over_time(self, index: int, job: Job) -> None:
        """The job ran longer than allowed: it ends, and so does its process."""
        limit = self._settings.inference_timeout
        self._release(self._slots[index])
        why = f"the job exceeded the inference timeout of {limit:g} s"
        self._end(job, Ending(status=Status.TIMEOUT, error=why))
        self._replace(index)

    def _replace(self, index: int) -> None:
        log.info("Replacing inference process %d", index)
        self._slots[index] = Slot(state=State.ENDING)
        task = asyncio.create_task(self._pool.end(index))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)
        task.add_done_callback(lambda _: self._respawn(index))

    def _respawn(self, index: int) -> None:
        if not self._stopping:
            self._launch(index)
            log.info("Process %d replaced successfully", index)

    def _lost(self, index: int, launch: int, code: int) -> None:
        """A process ended. One that we did not end ourselves takes its job down with it."""
        slot = self._slots[index]
        if self._stopping or launch != slot.launch:
            return
        job = slot.job
        self._release(slot)
        if job is not None:
            why = f"the inference process ended unexpectedly (exit code {code})"
            self._end(job, Ending(status=Status.FAILED, error=why))
        self._respawn(index)

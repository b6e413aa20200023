"""From the queue to the end of a job: gives jobs to inference processes, takes their reports, and
carries out the fleet's decisions about those that hang."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

from reference.miner.jobs import Ending, Job, Status
from reference.miner.launch import Launch
from reference.miner.messages import Report, State, Task
from reference.miner.pool import Pool
from reference.miner.seams import Chain
from reference.miner.settings import Settings
from reference.miner.supervision.clocks import Condition
from reference.miner.supervision.fleet import (
    AllSilent,
    Decision,
    Fleet,
    Quarantine,
    Replace,
    Slow,
    Start,
)
from reference.miner.supervision.lines import exit_line, fault_reason, slow_line, stuck_line
from reference.miner.supervision.policy import policy_of
from reference.miner.triggers import Arming

log = logging.getLogger(__name__)
LAST_WORDS = 500
USUAL_STEPS = 20


class Engine:
    """Jobs in order of submission, one at a time for each process. ``on_end`` gets each job once,
    when it has become terminal. The processes draw themselves, or have their pictures made by what
    takes orders at ``address``."""

    def __init__(
        self,
        settings: Settings,
        seams: Chain,
        arming: Arming,
        folder: Path,
        on_end: Callable[[Job], None],
        *,
        address: str = "",
    ) -> None:
        self._settings = settings
        self._seams = seams
        self._arming = arming
        self._folder = folder
        self._on_end = on_end
        faults = tuple((fault.name, fault.value) for fault in seams.faults)
        order = Launch(number=0, heartbeat=settings.heartbeat, faults=faults, engine=address)
        self._pool = Pool(settings.workers, order, self._hear, self._lost)
        self.fleet = Fleet(settings.workers, policy_of(settings))
        self._queue: list[Job] = []
        self._running: dict[str, Job] = {}
        self._replaced: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.started = asyncio.Event()
        self.books: Counter[str] = Counter()

    def start(self) -> None:
        """Start every process; ``started`` is set when the first can take a job."""
        self._decide()
        self._in_background(self._tick())

    async def stop(self) -> None:
        """End every process."""
        self._stopping = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.stop()

    @property
    def ready(self) -> bool:
        """Whether jobs are accepted: not before the first process is up, nor while all slots are
        quarantined."""
        return self.started.is_set() and not self._all_rest()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def pid(self, slot: int) -> int | None:
        """The process that is in this slot."""
        return self._pool.pid(slot)

    def named(self, key: str | None) -> str | None:
        """The public id of a job that a process works on."""
        job = self._running.get(key or "")
        return job.job_id if job else None

    def submit(self, job: Job) -> None:
        """Queue a job. Never waits."""
        self._queue.append(job)
        self._dispatch()

    def end(self, job: Job, ending: Ending) -> None:
        """Make a job terminal, once."""
        if job.terminal:
            return
        ending = self._seams.ended(job, ending)
        job.status, job.image, job.error = ending.status, ending.image, ending.error
        job.ended_at = datetime.now(UTC)
        self.books["completed" if job.status is Status.COMPLETED else "faulted"] += 1
        self._on_end(job)

    def _dispatch(self) -> None:
        for index, slot in enumerate(self.fleet.slots):
            if self._queue and slot.idle:
                self._queue = self._seams.queue(self._queue)
                if self._queue:
                    self._begin(index, self._queue.pop(0))

    def _begin(self, index: int, job: Job) -> None:
        job.status, job.worker = Status.PROCESSING, index
        job.floor = job.progress = job.progress or 0.0
        job.started_at = job.started_at or datetime.now(UTC)
        job.attempts += 1
        self._running[job.key] = job
        self.fleet.assigned(index, job.key, job.model, _now())
        if not self._pool.send(index, self._task(job)):
            log.warning("Process %d was gone before it got job %s", index, job.job_id)

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
            path=str(self._attempt_path(job)),
            seconds=self._settings.job_seconds * asked.steps / USUAL_STEPS,
            lora=asked.lora_path,
            source=str(job.source) if job.source else None,
            beside=len(self._running) - 1 + len(self._queue),
        )
        return self._arming.of(self._seams.faults, job, self._seams.task(job, task))

    def _attempt_path(self, job: Job) -> Path:
        return self._folder / f".{job.key}-{job.attempts}.png"

    def _hear(self, index: int, report: Report) -> None:
        if not self.fleet.heard(index, report, _now()):
            return
        job = self._running.get(report.key or "")
        if job is not None:
            self._hear_of_job(job, report)
        if report.state is State.WAITING:
            self.started.set()
            if index in self._replaced:
                self._replaced.discard(index)
                log.info("Process %d replaced successfully", index)
            self._dispatch()

    def _hear_of_job(self, job: Job, report: Report) -> None:
        if report.percent is not None:
            job.progress = max(job.floor, report.percent)
        if report.state is State.COMPLETE:
            del self._running[job.key]
            self.end(job, self._published(job))
        elif report.state is State.FAILED:
            del self._running[job.key]
            self.end(job, Ending(status=Status.FAILED, error=report.detail))

    def _published(self, job: Job) -> Ending:
        """The picture of the attempt that is accepted, under its final name."""
        path = self._folder / f"{job.key}.png"
        try:
            self._attempt_path(job).replace(path)
        except OSError as error:
            return Ending(status=Status.FAILED, error=f"the picture could not be stored: {error}")
        return Ending(status=Status.COMPLETED, image=path)

    def _lost(self, index: int, launch: int, code: int) -> None:
        """A process ended. If it was not ended by us, its job fails or is retried."""
        process = self.fleet.slots[index].process
        unasked, decisions = self.fleet.exited(index, launch, _now())
        if not unasked or process is None or self._stopping:
            return
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        log.error(exit_line(index, process, how, self.named(process.job)))
        if words := self._pool.last_words(index):
            log.info("Process %d printed last: %s", index, words[-LAST_WORDS:])
        self._replaced.add(index)
        self._give_up(process.job, f"the inference process ended unexpectedly ({how})")
        self._carry_out(decisions)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.fleet.policy.tick)
            self._decide()

    def _decide(self) -> None:
        self._carry_out(self.fleet.tick(_now()))
        self._dispatch()

    def _carry_out(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Start(slot):
                    self._launch(slot)
                case Replace():
                    self._replace(decision)
                case Slow(slot, why):
                    log.warning(slow_line(slot, why, self.named(why.job)))
                case AllSilent():
                    log.error("All inference processes are silent at once, replacing them all")
                case Quarantine(slot):
                    rest = self.fleet.policy.quarantine
                    log.error("Process %d failed too often, its slot rests for %g s", slot, rest)
        if decisions and self._all_rest():
            self._clear_queue()

    def _launch(self, slot: int) -> None:
        try:
            launch = self._pool.launch(slot)
        except OSError as error:
            log.warning("Process %d could not be started, trying again: %s", slot, error)
            self.fleet.freed(slot, _now())
        else:
            self.fleet.launched(slot, launch, _now())

    def _replace(self, decision: Replace) -> None:
        slot, why = decision.slot, decision.why
        log.error(stuck_line(slot, why, self.named(why.job)))
        log.info("Replacing inference process %d", slot)
        self._replaced.add(slot)
        self.books["replaced"] += 1
        if why.condition is Condition.OVERTIME:
            self._time_out(why.job)
        else:
            self._give_up(why.job, fault_reason(why))
        self._in_background(self._end_process(slot))

    async def _end_process(self, slot: int) -> None:
        await self._pool.end(slot)
        self.fleet.freed(slot, _now())

    def _time_out(self, key: str | None) -> None:
        job = self._running.pop(key or "", None)
        if job is not None:
            limit = self._settings.inference_timeout
            why = f"the job exceeded the inference timeout of {limit:g} s"
            self.end(job, Ending(status=Status.TIMEOUT, error=why))

    def _give_up(self, key: str | None, why: str) -> None:
        """The job of a process that is gone: retried before all others, or failed."""
        job = self._running.pop(key or "", None)
        if job is None:
            return
        if job.attempts < self._settings.attempts:
            self.books["retried"] += 1
            self._queue.insert(0, job)
        else:
            self.end(job, Ending(status=Status.FAILED, error=why))

    def _all_rest(self) -> bool:
        return all(slot.quarantined for slot in self.fleet.slots)

    def _clear_queue(self) -> None:
        """No process will work on these soon, so their clients are told at once."""
        waiting, self._queue = self._queue, []
        for job in waiting:
            why = "every inference process failed too often; none is left for this job"
            self.end(job, Ending(status=Status.FAILED, error=why))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()

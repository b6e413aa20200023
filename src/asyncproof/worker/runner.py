"""Runs workers in parallel and records what happens; judges nothing."""

import asyncio
import time
from collections.abc import Callable

from asyncproof.worker import events as ev
from asyncproof.worker.lifecycle import Lifecycle
from asyncproof.worker.plan import WorkerPlan, WorkerSetupError
from asyncproof.worker.recorder import WorkerRecorder

TICK = 0.05  # seconds between two checks of our own clock
STALL = 0.1  # seconds of delay that are recorded


async def run(plan: WorkerPlan, listen: Callable[[ev.WorkerEvent], None]) -> list[ev.WorkerEvent]:
    """Run the plan; returns the history, which is also stored in ``plan.folder``.

    Raises:
        WorkerSetupError: a port is taken, or the command cannot be run.
        ProfileError: the command cannot be filled in.
    """
    recorder = WorkerRecorder(plan.folder / "history.ndjson", listen)
    incomplete = "interrupted"
    try:
        recorder.record(_run_started(plan))
        watch = asyncio.create_task(_notice_stalls(recorder))
        try:
            async with asyncio.TaskGroup() as workers:
                for number in range(len(plan.worker_ids)):
                    workers.create_task(Lifecycle(plan, number, recorder).run())
        finally:
            watch.cancel()
        incomplete = ""
    except* (WorkerSetupError, ValueError) as errors:
        incomplete = str(errors.exceptions[0])
        raise errors.exceptions[0] from None
    finally:
        recorder.record(ev.WorkerRunEnded(at=recorder.clock(), incomplete=incomplete))
        recorder.close()
    return list(recorder.events)


async def _notice_stalls(recorder: WorkerRecorder) -> None:
    """Record delays of this process, so that they are not blamed on the worker."""
    while True:
        due = recorder.clock() + TICK
        await asyncio.sleep(TICK)
        late = recorder.clock() - due
        if late > STALL:
            recorder.record(ev.RunnerStalled(at=recorder.clock(), seconds=late))


def _run_started(plan: WorkerPlan) -> ev.WorkerRunStarted:
    settings = {
        "command": plan.command,
        "model": plan.model,
        "backend": plan.backend,
        "device": str(plan.device),
        "workers": str(len(plan.worker_ids)),
        "watch": f"{plan.watch:g}",
    }
    return ev.WorkerRunStarted(
        at=0.0,
        run=plan.folder.name,
        wall=time.time(),
        profile=plan.profile.description,
        schema=plan.schema,
        limits=plan.limits,
        settings=settings,
    )

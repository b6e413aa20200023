"""Runs workers side by side and records what happens; judges nothing."""

import asyncio
import time
from collections.abc import Callable

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.life import Life
from tests.e2e.worker_isolation.planned import Plan, SetupError
from tests.e2e.worker_isolation.recorder import Recorder

TICK = 0.05  # seconds between two looks at the own clock
STALL = 0.1  # seconds of lateness that are worth a word


async def run(plan: Plan, listen: Callable[[ev.WorkerEvent], None]) -> list[ev.WorkerEvent]:
    """Run the plan; the history, which also lies in ``plan.folder``.

    Raises:
        SetupError: a port is taken, or the command cannot be run.
        ProfileError: the command cannot be filled in.
    """
    recorder = Recorder(plan.folder / "history.ndjson", listen)
    incomplete = "interrupted"
    try:
        recorder.add(_run_started(plan))
        watch = asyncio.create_task(_notice_stalls(recorder))
        try:
            async with asyncio.TaskGroup() as workers:
                for number in range(len(plan.worker_ids)):
                    workers.create_task(Life(plan, number, recorder).run())
        finally:
            watch.cancel()
        incomplete = ""
    except* (SetupError, ValueError) as errors:
        incomplete = str(errors.exceptions[0])
        raise errors.exceptions[0] from None
    finally:
        recorder.add(ev.RunEnded(at=recorder.now(), incomplete=incomplete))
        recorder.close()
    return list(recorder.events)


async def _notice_stalls(recorder: Recorder) -> None:
    """Record when this process was held up, so that nobody takes it for the worker's doing."""
    while True:
        due = recorder.now() + TICK
        await asyncio.sleep(TICK)
        late = recorder.now() - due
        if late > STALL:
            recorder.add(ev.RunnerStalled(at=recorder.now(), seconds=late))


def _run_started(plan: Plan) -> ev.RunStarted:
    settings = {
        "command": plan.command,
        "model": plan.model,
        "backend": plan.backend,
        "device": str(plan.device),
        "workers": str(len(plan.worker_ids)),
        "watch": f"{plan.watch:g}",
    }
    return ev.RunStarted(
        at=0.0,
        run=plan.folder.name,
        wall=time.time(),
        profile=plan.profile.description,
        schema=plan.schema,
        limits=plan.limits,
        settings=settings,
    )

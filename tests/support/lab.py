"""Short runs of the bundled worker and of others, for the tests of the suite itself."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncproof.harness.verdict import Verdict
from asyncproof.worker import events as ev
from asyncproof.worker.judging import judged
from asyncproof.worker.plan import WorkerPlan
from asyncproof.worker.profile import Profile, load
from asyncproof.worker.record import WorkerHistory, build
from asyncproof.worker.runner import run

# Short, but with room for a machine that runs other tests meanwhile.
LIMITS = ev.WorkerLimits(
    interval=0.6, slack=0.8, ready=60, endpoint=1.5, inference=8, stall=1.5, stop=1.5
)


def plan_for(folder: Path, command: str, profile: Profile, **changes: Any) -> WorkerPlan:
    """A plan for one worker without a model, on free ports."""
    plan: dict[str, Any] = {
        "profile": profile,
        "command": command,
        "schema": profile.heartbeat.schema_name,
        "worker_ids": ["tested"],
        "model": "none",
        "backend": "cpu",
        "device": 0,
        "ports": [0],
        "hive_ports": [0],
        "limits": LIMITS,
        "watch": 2.4,
        "folder": folder,
    }
    return WorkerPlan(**(plan | changes))


def tried(plan: WorkerPlan) -> tuple[WorkerHistory, Verdict]:
    """Run a plan and judge it."""
    record = build(asyncio.run(run(plan, lambda _: None)))
    return record, judged(record)


def with_faults(
    folder: Path, faults: Sequence[str], limits: Mapping[str, ev.WorkerLimits]
) -> dict[str, Verdict]:
    """The verdict on the bundled worker with each fault (``none``: without), side by side."""
    profile = load("document")

    async def one(fault: str) -> Verdict:
        broken = "" if fault == "none" else f" --fault {fault}"
        command = f"{profile.command} --pace 100{broken}"
        plan = plan_for(folder / fault, command, profile, limits=limits.get(fault, LIMITS))
        return judged(build(await run(plan, lambda _: None)))

    async def all_of_them() -> list[Verdict]:
        return await asyncio.gather(*(one(fault) for fault in faults))

    return dict(zip(faults, asyncio.run(all_of_them()), strict=True))

"""Log lines about a process that hangs, each complete in itself."""

from reference.miner.messages import State
from reference.miner.supervision.clocks import Condition, Diagnosis, Process


def stuck_line(slot: int, why: Diagnosis, job: str | None) -> str:
    """One line with every clock, the percentage and the job."""
    if why.condition is Condition.OVERTIME:
        return f"Process {slot} exceeded the time for one job - {_readings(why, job)}"
    return f"Process {slot} seems to be stuck mid {_stage(why.stage)} - {_readings(why, job)}"


def slow_line(slot: int, why: Diagnosis, job: str | None) -> str:
    """A warning: it makes progress, but below the minimum rate."""
    return f"Process {slot} is slow mid {_stage(why.stage)} - {_readings(why, job)}"


def exit_line(slot: int, process: Process, how: str, job: str | None) -> str:
    """A process ended unexpectedly."""
    return f"Process {slot} ended unexpectedly mid {_stage(process.state)} ({how}), Job: {job}"


def fault_reason(why: Diagnosis) -> str:
    """Why the job failed, for the client."""
    spoke = "was silent" if why.condition is Condition.DEAD else "made no progress"
    for_long = why.silent if why.condition is Condition.DEAD else why.still
    at = "" if why.percent is None else f" at {why.percent:.0f} %"
    return f"the inference process {spoke} for {for_long:.1f} s while {why.stage}{at}"


def _stage(state: State) -> str:
    return "inference" if state is State.INFERRING else str(state)


def _readings(why: Diagnosis, job: str | None) -> str:
    percent = "unknown" if why.percent is None else f"{why.percent:.0f}%"
    return (
        f"Last heartbeat: {why.silent:.1f}s ago, Last progress change: {why.still:.1f}s ago, "
        f"Progress: {percent}, Job: {job}"
    )

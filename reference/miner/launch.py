"""How an inference process is started. The miner imports this and not what the process needs, so
that numpy is loaded once, in the process that all inference processes are forked from."""

from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a process is started with: ``heartbeat`` is the seconds between two signs of life while
    it waits; ``faults`` are names with their values."""

    number: int
    heartbeat: float = 1.0
    faults: tuple[tuple[str, float | None], ...] = ()


def enter(launch: Launch, pipe: Connection, output: Connection) -> None:
    """The first function of a new process."""
    from reference.miner.worker import run  # noqa: PLC0415 - see above

    run(launch, pipe, output)

"""How an inference process is started. The miner imports only this module, so that numpy is loaded
once, in the process that all inference processes are forked from."""

from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a process is started with: ``heartbeat`` is the seconds between two signs of life while
    it waits; ``faults`` are names with their values; ``engine`` is where an engine takes orders,
    empty where the process draws itself."""

    number: int
    heartbeat: float = 1.0
    faults: tuple[tuple[str, float | None], ...] = ()
    engine: str = ""


def enter(launch: Launch, pipe: Connection, output: Connection) -> None:
    """The first function of a new process."""
    from reference.miner.worker import run  # noqa: PLC0415 - see above

    run(launch, pipe, output)

"""Which suites may start now: never more than there is room for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncproof.coordinator.suites import MIB, Suite, SuitesError


@dataclass(frozen=True, slots=True)
class Room:
    """What all running suites may use together; ``memory`` in bytes."""

    cores: float
    memory: int


def admit(waiting: Sequence[Suite], running: Sequence[Suite], room: Room) -> list[Suite]:
    """Those of ``waiting`` that fit in addition to ``running``, first come first served.

    A suite that does not fit yet lets a later, smaller one start first: every suite has a deadline,
    so its turn comes.
    """
    admitted: list[Suite] = []
    for suite in waiting:
        if fits([*running, *admitted, suite], room):
            admitted.append(suite)
    return admitted


def fits(suites: Sequence[Suite], room: Room) -> bool:
    """Whether these may run at the same time."""
    exclusive = [thing for suite in suites for thing in suite.exclusive]
    return (
        sum(suite.cores for suite in suites) <= room.cores
        and sum(suite.memory_bytes for suite in suites) <= room.memory
        and len(exclusive) == len(set(exclusive))
    )


def require_room(suites: Sequence[Suite], room: Room) -> None:
    """Refuse a suite that would wait for ever.

    Raises:
        SuitesError: a suite alone needs more than there is.
    """
    for suite in suites:
        if not fits([suite], room):
            raise SuitesError(
                f"suite {suite.name!r} needs {suite.cores:g} cores and {suite.memory}, but there "
                f"are {room.cores:g} cores and {room.memory // MIB} MiB; change what it declares, "
                "or set --cores and --memory"
            )

"""The defects that can be switched on, one module each; ``docs/reference-miner.md`` has the list.

To add one: write ``faults/my_defect.py`` with a Fault subclass ``MyDefect`` and put ``my-defect``
into the table. Modules are imported only when they are asked for, so that a miner
starts as fast with a hundred of them.
"""

from collections.abc import Iterable
from importlib import import_module

from reference.miner.seams import Fault
from reference.miner.variations import VARIATIONS

FAULTS: tuple[str, ...] = (
    "all-black",
    "bottom-black",
    "bottom-grey",
    "callback-missing",
    "callback-twice",
    "crash",
    "delivered-never-sent",
    "eats-memory",
    "falling-progress",
    "hang",
    "hang-beating",
    "ignores-sigterm",
    "oscillating-progress",
    "out-of-memory",
    "queue-lost",
    "result-404",
    "stale-picture",
    "stall-downloading",
    "stall-post-processing",
    "stall-preloading",
    "stall-starting",
    "status-unanswered",
    "training-interrupts",
    "truncated-file",
    "wrong-secret",
    "wrong-size",
)


def load(name: str) -> type[Fault]:
    """The fault or variation of this name. Raises LookupError with what to do."""
    package = "faults" if name in FAULTS else "variations" if name in VARIATIONS else ""
    if not package:
        raise LookupError(f"there is no fault or variation {name!r}; --list-faults shows them all")
    module = import_module(f"reference.miner.{package}.{name.replace('-', '_')}")
    found: type[Fault] = getattr(module, name.title().replace("-", ""))
    return found


def switched_on(wanted: Iterable[tuple[str, float | None]], launch: int = 0) -> list[Fault]:
    """The faults of these names, with their values, in the process of this launch number (0 in
    the miner itself). Raises LookupError."""
    faults = [load(name)(value) for name, value in wanted]
    for fault in faults:
        fault.launch = launch
    return faults

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
    "any-json-taken",
    "ascii-only",
    "bad-body-crash",
    "bottom-black",
    "bottom-grey",
    "busy-id-crash",
    "busy-id-taken",
    "callback-missing",
    "callback-twice",
    "chosen-id-ignored",
    "crash",
    "deep-json-crash",
    "delivered-never-sent",
    "eats-memory",
    "empty-body-taken",
    "encoding-crash",
    "falling-progress",
    "fractions-cut",
    "hang",
    "hang-beating",
    "ignores-sigterm",
    "long-prompt-crash",
    "oscillating-progress",
    "other-defaults",
    "out-of-memory",
    "prompt-not-checked",
    "queue-lost",
    "refused-but-run",
    "result-404",
    "result-url-dead",
    "result-url-of-another",
    "reused-id-old-picture",
    "reused-id-refused",
    "same-id",
    "size-required",
    "sizes-clamped",
    "slow-submission",
    "stale-picture",
    "stall-downloading",
    "stall-post-processing",
    "stall-preloading",
    "stall-starting",
    "status-unanswered",
    "status-url-dead",
    "status-url-of-another",
    "steps-not-checked",
    "strange-first-word",
    "training-interrupts",
    "truncated-file",
    "unknown-fields-refused",
    "unknown-id-crash",
    "unknown-id-queued",
    "wrong-secret",
    "wrong-size",
    "wrong-types-skipped",
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

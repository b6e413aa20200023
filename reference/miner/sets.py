"""Faults and variations that go together, switched on by one name.

``real-shape`` is a miner as people run it: its engine was built for one size and ends with the
first exception, two processes take turns, and records of jobs expire.
"""

from dataclasses import dataclass

from reference.catalog import unknown


@dataclass(frozen=True, slots=True)
class FaultSet:
    """Entries as they follow ``--fault`` or ``--variation``."""

    name: str
    does: str
    entries: tuple[str, ...]


SETS = {
    chosen.name: chosen
    for chosen in (
        FaultSet(
            "real-shape",
            "a miner as people run it, with all the defects seen in one",
            (
                "size-kills-engine",
                "lora-kills-engine",
                "lora-sticks-by-turns",
                "seed-zero-is-42",
                "failures-urlencoded",
                "jobs-in-two-lists",
                "nested-training",
                "records-expire",
            ),
        ),
    )
}


def entries_of(names: tuple[str, ...]) -> list[str]:
    """The entries of these sets. Raises LookupError with what to do."""
    found = list[str]()
    for name in names:
        if name not in SETS:
            raise LookupError(unknown("set", name, SETS))
        found += SETS[name].entries
    return found

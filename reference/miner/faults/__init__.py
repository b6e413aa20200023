"""The defects that can be switched on, by family; `--list-faults` shows them all.

To add one, write its class into the module of its family, next to similar ones:
there is no other list of them. Nothing here loads numpy, Pillow, pydantic or an HTTP library, so
that a miner starts as fast with its faults as without.
"""

from collections.abc import Iterable

from reference import catalog
from reference.miner.faults import (
    callback_delivery,
    callback_payload,
    callback_section,
    expiry,
    health,
    identity,
    ids,
    liveness,
    pictures,
    results,
    scheduling,
    security,
    status,
    submission,
)
from reference.miner.seams import Fault
from reference.miner.variations import VARIATIONS

FAULTS: catalog.Families = {
    "submissions": submission,
    "job ids": ids,
    "status answers": status,
    "liveness": liveness,
    "results": results,
    "pictures": pictures,
    "identity": identity,
    "callbacks: content": callback_payload,
    "callbacks: delivery": callback_delivery,
    "callbacks: what the status says": callback_section,
    "expiry": expiry,
    "security": security,
    "scheduling and training": scheduling,
    "health": health,
}


def by_name() -> dict[str, type[Fault]]:
    """Every fault and variation."""
    return catalog.by_name(FAULTS, Fault) | catalog.by_name(VARIATIONS, Fault)


def switched_on(wanted: Iterable[tuple[str, float | None]], launch: int = 0) -> list[Fault]:
    """The faults of these names, with their values, in the process of this launch number (0 in
    the miner itself). Raises LookupError with what to do."""
    known, faults = by_name(), list[Fault]()
    for name, value in wanted:
        if name not in known:
            raise LookupError(catalog.unknown("fault or variation", name, known))
        faults.append(known[name](value))
    for fault in faults:
        fault.launch = launch
    return faults

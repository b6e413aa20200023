"""The defects that can be switched on, one at a time, by family; `--list-faults` shows them all.

To add one, write its class into the module of its family: there is no other list of them.
"""

from reference import catalog
from reference.worker.faults import heartbeats, hive, inference, life, pages, streams
from reference.worker.seams import Fault

FAULTS: catalog.Families = {
    "life and death": life,
    "health and readiness": pages,
    "inference": inference,
    "streams": streams,
    "heartbeats": heartbeats,
    "the hive in trouble": hive,
}


def by_name() -> dict[str, type[Fault]]:
    """Every fault."""
    return catalog.by_name(FAULTS, Fault)


def switched_on(name: str | None) -> Fault:
    """The fault of this name, or a correct worker. Raises LookupError with what to do."""
    if name is None:
        return Fault()
    if name not in (known := by_name()):
        raise LookupError(catalog.unknown("fault", name, known))
    return known[name]()

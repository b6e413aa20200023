"""What was observed of a miner beside the verdict, in lines for people; none of it is a finding."""

from collections.abc import Iterator

from asyncproof.facts import (
    delivery_behaviour,
    ignored_fields,
    optional_parts,
    provoked,
    reproducibility,
    sizes,
    waits,
)
from asyncproof.history.history import History


def lines(history: History) -> Iterator[str]:
    """About a whole run, in the order in which the terminal and the page show them."""
    parts = (delivery_behaviour, reproducibility, ignored_fields, waits, sizes, provoked)
    for part in (*parts, optional_parts):
        yield from part.lines(history)

"""What strikes one job of many, whichever test sent it: every job of a run is judged."""

from tests.matrix.miner.liveness import SHORT
from tests.matrix.miner.permitted import EVERY_TEST
from tests.matrix.miner.row import Row


def seldom(fault: str, clause: str, **settings: str) -> Row:
    """The quick suite, in which the fault strikes the tenth job alone."""
    trigger = ("--trigger", "every:10")
    return Row(fault, frozenset({clause}), EVERY_TEST, trigger, settings, ("--quick",))


ROWS: tuple[Row, ...] = (
    seldom("callback-missing", "CBK-1"),
    seldom("callback-twice", "CBK-4"),
    seldom("wrong-secret", "CBK-2"),
    seldom("truncated-file", "IMG-1"),
    seldom("bottom-black", "IMG-3"),
    seldom("hang-beating:42", "LIV-2", **SHORT),
)

"""What the marks of a test of the suite say."""

import pytest


def when(test: pytest.Item) -> int:
    """What may end the engine of a miner comes after everything that needs one: the number of its
    mark ``last``, 0 without it."""
    marker = test.get_closest_marker("last")
    return 0 if marker is None else int(marker.args[0] if marker.args else 1)


def families(test: pytest.Item) -> frozenset[str]:
    """The families of clauses that it is about."""
    return frozenset(name for marker in test.iter_markers("families") for name in marker.args)

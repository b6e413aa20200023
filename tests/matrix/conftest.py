"""The machine of these tests is made ready before anything here is collected."""

import pytest

from tests.support.developers import prepare

prepare()

# Parts of the names of those that wait for tens of seconds, the longest first.
LONG = (
    "creeping-bar",
    "matrix/worker",
    "hang-beating:42",
    "delivery-without-end",
    "test_time_limits",
    "stall-downloading",
    "hang:42",
    "slows-down",
    "training-halts",
    "correct0",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones begin first, so that none of them is alone at the end. Each runs alone as well,
    and in any order."""

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONG) if name in item.nodeid), len(LONG))

    items.sort(key=place)

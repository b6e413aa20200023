"""What a correct miner may do differently: rows in which nothing may be reported."""

from tests.unit.async_inference.matrix.row import Row
from tests.unit.async_inference.matrix.runner import SUITE

EVERY_TEST = tuple(sorted(path.name for path in SUITE.glob("test_*.py")))
CALLBACK_TESTS = ("test_async_inference.py", "test_delivery.py", "test_hostile_receivers.py")
ABOUT_CALLBACKS = {
    "error-word",
    "late-callback-section",
    "processing-until-delivered",
    "retrying",
}


def correct(variation: str = "") -> Row:
    """The whole suite for the miner as it is; for a variation the quick tests, or, if it is about
    callbacks, every test of callbacks."""
    if not variation:
        return Row("", frozenset(), EVERY_TEST)
    miner = ("--variation", variation)
    if variation in ABOUT_CALLBACKS:
        return Row("", frozenset(), CALLBACK_TESTS, miner=miner)
    return Row("", frozenset(), EVERY_TEST, miner=miner, options=("--quick",))

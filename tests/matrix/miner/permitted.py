"""What a correct miner may do differently: rows in which nothing may be reported."""

from tests.matrix.miner.row import Row
from tests.matrix.miner.runner import SUITE

EVERY_TEST = tuple(sorted(path.name for path in SUITE.glob("test_*.py")))
CALLBACK_TESTS = ("test_async_inference.py", "test_delivery.py", "test_hostile_receivers.py")
ABOUT_CALLBACKS = {
    "error-word",
    "late-callback-section",
    "link-in-callback",
    "numbered-retries",
    "processing-until-delivered",
    "retrying",
}

# What the protocol's letter says of a variation, and no more. Each has to be told.
BY_THE_LETTER = {
    "proxy-hiccup": {"POL-11"},
    "several-passes": {"POL-5"},
    "slash-redirect": {"SUB-18"},
    "starting-first": {"POL-1", "SUB-12"},
}


SIDE = 128  # pixels; the size that the runner asks for
# These are about the size, and are run through the whole suite.
OF_THIS_SIZE = {"one-size"}
# How the miner is started so that polls see what the variation does.
SLOWER = {"several-passes": ("--job-seconds", "2")}
ONLY = {"several-passes": ("test_polling.py",)}


def correct(variation: str = "") -> Row:
    """The whole suite for the miner as it is; for a variation the quick tests, or, if it is about
    callbacks, every test of callbacks."""
    if not variation:
        return Row("", frozenset(), EVERY_TEST)
    if variation in OF_THIS_SIZE:
        miner = ("--variation", f"{variation}:{SIDE}")
        return Row("", frozenset(), EVERY_TEST, miner=miner)
    miner = ("--variation", variation, *SLOWER.get(variation, ()))
    if variation in ABOUT_CALLBACKS:
        return Row("", frozenset(), CALLBACK_TESTS, miner=miner)
    return Row("", frozenset(), ONLY.get(variation, EVERY_TEST), miner=miner, options=("--quick",))

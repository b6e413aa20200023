"""The first path: what one job, and a burst of them, make of each fault."""

from tests.unit.async_inference.matrix.row import Row, row

ONE_JOB = "test_async_inference.py"
RACES = "test_race_conditions.py"
BURST = "test_race_conditions.py::test_rapid_concurrent_inference"
TRAINING = "test_race_conditions.py::test_training_interference"

ROWS: tuple[Row, ...] = (
    row("", "", ONE_JOB, RACES),
    row("bottom-black", "IMG-2", BURST),
    row("bottom-grey", "IMG-2", BURST),
    row("bottom-grey", "IMG-3", BURST, miner="--trigger race:3"),
    row("all-black", "IMG-2 IDN-1", BURST),
    row("truncated-file", "IMG-1", BURST),
    row("wrong-size", "IMG-1", BURST),
    row("stale-picture", "IDN-1", BURST),
    row("callback-missing", "CBK-1", BURST),
    row("callback-twice", "CBK-4", BURST),
    row("wrong-secret", "CBK-2", ONE_JOB, BURST),
    row("delivered-never-sent", "CBK-1 CBK-10", BURST),
    row("result-404", "RES-1", BURST),
    row("training-interrupts", "TRN-2", TRAINING),
)

"""IMG: broken files, and pictures that load has spoilt."""

from tests.unit.async_inference.matrix.basics import BURST, ONE_JOB
from tests.unit.async_inference.matrix.row import Row, row

SEQUENCE = "test_race_conditions.py::test_rapid_sequential_different_loras"
BY_LOAD = (
    "missing-tile",
    "brighter-tile",
    "noise-bottom",
    "half-denoised",
    "repeated-bottom",
    "torn-rows",
    "lost-channel",
    "rows-of-another",
)

ROWS: tuple[Row, ...] = (
    *(row(fault, "IMG-1", ONE_JOB) for fault in ("half-the-rows", "bad-checksum")),
    *(row(fault, "IMG-1", ONE_JOB) for fault in ("bytes-after-end", "jpeg-inside")),
    *(row(fault, "IMG-3", BURST, miner="--trigger race:3") for fault in BY_LOAD),
    row("missing-tile", "IMG-4", SEQUENCE, miner="--trigger every:5"),
)

"""IMG: broken files, and pictures that load has spoilt."""

from tests.matrix.miner.basics import BURST, ONE_JOB
from tests.matrix.miner.row import Row, row

SEQUENCE = "test_race_conditions.py::test_rapid_sequential_different_loras"
TOGETHER = "test_pictures_together.py"
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
# Damage that shows though every picture under load has drifted as far as a sound one may.
DRIFTING = "--variation strong-drift"
# No two jobs ask for the same picture, so that what got in from another shows.
EACH_ITS_OWN = {"STRESS_TEST_TWINS": "6"}
BESIDE_DRIFT = ("missing-tile", "noise-bottom", "half-denoised", "lost-channel", "rows-of-another")
# Of twenty pictures with other seeds, one set in fifty shows too little; how many is measured by
# benchmarks/pictures_together.py.
TWENTY = {"ASYNC_RUN_SEED": "1"}

ROWS: tuple[Row, ...] = (
    *(row(fault, "IMG-1", ONE_JOB) for fault in ("half-the-rows", "bad-checksum")),
    *(row(fault, "IMG-1", ONE_JOB) for fault in ("bytes-after-end", "jpeg-inside")),
    row("turned", "IMG-1", ONE_JOB, ASYNC_IMAGE_SIZE="128x192"),
    *(row(fault, "IMG-3", BURST, miner="--trigger race:3") for fault in BY_LOAD),
    *(
        row(fault, "IMG-3", BURST, miner=f"{DRIFTING} --trigger race:1", **EACH_ITS_OWN)
        for fault in BESIDE_DRIFT
    ),
    row("missing-tile", "IMG-3", SEQUENCE, miner="--trigger every:5"),
    row("systematic:1", "IMG-5", TOGETHER, **TWENTY),  # red and blue are swapped
    row("systematic:14", "IMG-5", TOGETHER, **TWENTY),  # tiles do not fit
    row("missing-tile", "IMG-4", SEQUENCE, miner="--trigger every:5", ASYNC_DRAW_AGAIN="0"),
)

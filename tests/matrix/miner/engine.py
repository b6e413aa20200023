"""What engines do to jobs that share a batch. Skipped where torch is not installed."""

from tests.matrix.miner.basics import BURST
from tests.matrix.miner.row import Row, row

# Small, and with the time that a processor needs on which other work goes on.
PATIENT = {
    "ASYNC_STEP_TIMEOUT": "60",
    "ASYNC_FIRST_STEP_TIMEOUT": "60",
    "ASYNC_SILENCE_TIMEOUT": "60",
    "ASYNC_JOB_TIMEOUT": "120",
}
ENGINE = "--engine diffusion --dtype bfloat16 --max-batch 3"

ROWS: tuple[Row, ...] = (
    row("", "", BURST, miner=ENGINE, **PATIENT),
    row("", "IMG-3", BURST, miner=f"{ENGINE} --engine-fault wrong-seams", **PATIENT),
    row("", "IMG-3", BURST, miner=f"{ENGINE} --engine-fault nan-in-decoder", **PATIENT),
    row("", "IMG-3", BURST, miner=f"{ENGINE} --engine-fault guidance-of-another", **PATIENT),
)

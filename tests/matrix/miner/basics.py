"""The first path: what one job, and a burst of them, make of each fault."""

from tests.matrix.miner.row import Row, row

ONE_JOB = "test_async_inference.py"
RACES = "test_race_conditions.py"
BURST = "test_race_conditions.py::test_rapid_concurrent_inference"
TRAINING = "test_race_conditions.py::test_training_interference"
# Jobs that are still there when something else comes, however slow the machine is.
AT_WORK = "--job-seconds 1"

ROWS: tuple[Row, ...] = (
    row("", "", ONE_JOB, RACES),
    row("bottom-black", "IMG-2", BURST),
    row("bottom-grey", "IMG-2", BURST),
    row("bottom-grey", "IMG-3", BURST, miner=f"--trigger race:3 {AT_WORK}"),
    row("all-black", "IMG-2", BURST),
    row("truncated-file", "IMG-1", BURST),
    row("wrong-size", "IMG-1", BURST),
    row("stale-picture", "IDN-1", BURST),
    row("callback-missing", "CBK-1", BURST),
    row("callback-twice", "CBK-4", BURST),
    row("wrong-secret", "CBK-2", ONE_JOB, BURST),
    row("delivered-never-sent", "CBK-10", BURST),
    row("result-404", "RES-1", BURST),
    row("training-blocks-server", "POL-13", TRAINING, miner="--job-seconds 0.5"),
    row("training-interrupts", "TRN-2", TRAINING, miner=AT_WORK),
)

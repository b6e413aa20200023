"""HLT: what questions for health make of each fault."""

from tests.matrix.miner.liveness import SHORT
from tests.matrix.miner.row import Row, row

WORKING = "test_health.py::test_health_while_work_is_done"
SIZES = "test_sizes.py"
BROKEN = "test_health.py::test_health_after_a_job_that_cannot_be_done"

ROWS: tuple[Row, ...] = (
    row("idle-unhealthy lora-kills-engine", "HLT-1 HLT-3 SCH-9", WORKING, BROKEN),
    row("lora-kills-engine", "HLT-3 SCH-9", BROKEN, miner="--inference-timeout 1 --attempts 1"),
    row("negative-seed-kills-engine", "HLT-3 SCH-9", "test_identity.py", **SHORT),
    row("size-kills-engine:128", "HLT-3 SCH-9", SIZES, **SHORT),
    row("busy-unhealthy", "HLT-2", WORKING, miner="--job-seconds 0.3"),
    row("health-crashes-once", "HLT-5", WORKING, miner="--job-seconds 0.3"),
    row("health-as-text-once", "HLT-5", WORKING, miner="--job-seconds 0.3"),
    row("slow-health", "HLT-4", WORKING, miner="--job-seconds 1"),
)

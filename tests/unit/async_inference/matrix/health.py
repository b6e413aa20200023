"""HLT: what questions for health make of each fault."""

from tests.unit.async_inference.matrix.row import Row, row

WORKING = "test_health.py::test_health_while_work_is_done"
BROKEN = "test_health.py::test_health_after_a_job_that_cannot_be_done"

ROWS: tuple[Row, ...] = (
    row("idle-unhealthy lora-kills-engine", "HLT-1 HLT-3", WORKING, BROKEN),
    row("busy-unhealthy", "HLT-2", WORKING, miner="--job-seconds 0.3"),
    row("slow-health", "HLT-4", WORKING, miner="--job-seconds 1"),
)

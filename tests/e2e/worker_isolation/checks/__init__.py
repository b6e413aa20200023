"""All checks of one worker. A new one gets its clause in docs/worker.md and its fault."""

from tests.e2e.worker_isolation.checks import endpoints, heartbeats, hive, inference, startup
from tests.e2e.worker_isolation.record import Record
from tests.harness.verdict import Check

ALL: tuple[Check[Record], ...] = (
    *startup.CHECKS,
    *endpoints.CHECKS,
    *heartbeats.CHECKS,
    *inference.CHECKS,
    *hive.CHECKS,
)

"""All checks of one worker. A new one gets its clause in docs/worker.md and its fault."""

from asyncproof.harness.verdict import Check
from asyncproof.worker.checks import (
    clients,
    endpoints,
    heartbeats,
    hive,
    inference,
    limits,
    startup,
)
from asyncproof.worker.record import WorkerHistory

ALL: tuple[Check[WorkerHistory], ...] = (
    *startup.CHECKS,
    *endpoints.CHECKS,
    *heartbeats.CHECKS,
    *inference.CHECKS,
    *limits.CHECKS,
    *clients.CHECKS,
    *hive.CHECKS,
)

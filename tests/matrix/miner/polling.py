"""POL: what following a job makes of each fault."""

from tests.matrix.miner.delivery import MANY
from tests.matrix.miner.liveness import SHORT
from tests.matrix.miner.row import Row, row

FOLLOW = "test_polling.py::test_a_job_can_be_followed_to_its_end"
FAILED = "test_polling.py::test_a_failed_job_says_why"
LONGER = "--job-seconds 0.4"

ROWS: tuple[Row, ...] = (
    row("strange-word local-times failure-unexplained", "POL-1 POL-9 POL-12", FOLLOW, FAILED),
    row("back-to-queued spoken-times", "POL-2 POL-7", FOLLOW, miner=LONGER),
    row("back-to-queued", "POL-2", FOLLOW, miner=f"{LONGER} --trigger every:2"),
    row("submission-says-completed", "POL-2", FOLLOW, miner=LONGER),
    row("submission-says-failed", "POL-2", FOLLOW),
    row("ends-twice countdown", "POL-3 POL-5", FOLLOW, miner=LONGER),
    row("ends-otherwise-later", "POL-3", FOLLOW, ASYNC_STRAGGLER_WAIT="1.3"),
    row("comes-back progress-too-high no-end-time", "POL-3 POL-4 POL-6", FOLLOW, miner=LONGER),
    row("progress-negative epoch-times", "POL-4 POL-7", FOLLOW, miner=LONGER),
    row("naive-times half-a-status", "POL-8 POL-11", FOLLOW),
    row("ends-before-start status-crash", "POL-9 POL-11", FOLLOW),
    row("status-of-another", "POL-10", FOLLOW),
    row("status-of-another", "POL-10", FOLLOW, miner=f"{LONGER} --trigger race:2"),
    row("completed-with-error", "POL-14", FOLLOW),
    row("restart-forgets", "POL-11 SCH-1", MANY, miner="--job-seconds 1", **SHORT),
    row("slow-status", "POL-13", FOLLOW),
)

"""Hung jobs: what each kind of hang looks like from outside."""

from tests.matrix.miner.row import Row, row

HUNG = "test_hung_jobs.py"
CROWD = "test_hung_jobs.py::test_no_job_hangs_in_a_crowd"
ALONE = "test_hung_jobs.py::test_no_job_hangs_between_many_steps"
LORAS = "test_loras.py::test_no_job_hangs_with_a_lora"
ONE_JOB = "test_async_inference.py"
# The only process that came up well dies with its first job, and its successor hangs.
ONE_ATTEMPT = "--fault crash --attempts 1"
# With five jobs in the crowd the plain job after it hangs as well, and the next one does not.
EVERY_THIRD = "--trigger every:3 --workers 4"
SHORT = {
    "ASYNC_STEP_TIMEOUT": "1.5",
    "ASYNC_FIRST_STEP_TIMEOUT": "1.5",
    "ASYNC_POST_PROCESS_TIMEOUT": "0",
    "ASYNC_SILENCE_TIMEOUT": "1.5",
}
# A loaded machine lets a queue stand for seconds before the first worker is there.
STANDING = {"ASYNC_PROCESS_TIMEOUT": "4"}

ROWS: tuple[Row, ...] = (
    row("", "", HUNG),
    row("", "", HUNG, miner="--variation bursty:0.3 --job-seconds 0.5"),
    row("", "", HUNG, miner="--variation slow:10"),
    *(row(f"hang:{p}", "LIV-2 HLT-3", ALONE, **SHORT) for p in (0, 50, 99, 100)),
    row("hang:42", "LIV-2 HLT-3", CROWD, **SHORT),
    row("hang:50", "LIV-2", CROWD, miner=EVERY_THIRD, STRESS_TEST_CONCURRENT="5", **SHORT),
    row("hang-beating:42", "LIV-2 HLT-3", CROWD, **SHORT),
    row("oscillating-progress", "LIV-2 HLT-3 POL-5", ALONE, **SHORT),
    row("falling-progress", "LIV-2 HLT-3 POL-5", ALONE, **SHORT),
    row("ignores-sigterm", "LIV-2 HLT-3", ALONE, **SHORT),
    row("late-result", "LIV-2 HLT-3", ALONE, **SHORT),
    row("stall-downloading", "LIV-2 HLT-3", LORAS, **SHORT),
    row("stall-post-processing", "LIV-2 HLT-3", ALONE, **SHORT),
    row("queue-lost", "LIV-3", CROWD, **SHORT, **STANDING),
    row("stall-starting", "SCH-2 HLT-3", CROWD, miner=ONE_ATTEMPT, **SHORT, **STANDING),
    row("stall-preloading", "SCH-2 HLT-3", CROWD, miner=ONE_ATTEMPT, **SHORT, **STANDING),
    row("crash", "SCH-2", ONE_JOB),
    row("out-of-memory", "SCH-2", ONE_JOB),
    row("status-unanswered", "LIV-1", ALONE, **SHORT),
    row("hang:42", "SCH-1 HLT-3", ALONE, miner="--variation no-progress", ASYNC_JOB_TIMEOUT="4"),
    row("creeping-bar", "HLT-3 LIV-4 SCH-1", ALONE, ASYNC_JOB_TIMEOUT="50"),
    row("", "LIV-4", ALONE, miner="--job-seconds 2", ASYNC_LEAST_RATE="6000"),
)

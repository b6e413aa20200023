"""EXP: what expiries of all kinds make of each fault."""

from tests.matrix.miner.row import Row, row

MOMENT = "test_expiry.py::test_expiry_is_a_moment"
PASSES = "test_expiry.py::test_expiry_passes_during_the_job"

ROWS: tuple[Row, ...] = (
    row("expiry-ignored", "EXP-2", MOMENT, PASSES),
    row("expired-sent-later", "EXP-2", MOMENT, ASYNC_STRAGGLER_WAIT="1"),
    row("expiry-at-submission", "EXP-3", MOMENT, PASSES, miner="--job-seconds 0.3"),
    # Beside jobs that wait for an engine: one has to be at work when its expiry passes.
    row("expiry-at-start", "EXP-3", MOMENT, PASSES, miner="--job-seconds 1"),
    row(
        "expires-early malformed-expiry-ignored expired-called-skipped",
        "EXP-1 EXP-6 EXP-7",
        MOMENT,
    ),
    row("naive-expiry-crash offset-dropped", "EXP-4 EXP-5", MOMENT),
    row(
        "naive-expiry-past malformed-expiry-crash expiry-fails-the-job",
        "EXP-5 EXP-6 EXP-8",
        MOMENT,
    ),
)

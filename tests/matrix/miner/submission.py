"""SUB: what submissions of all kinds make of each fault."""

from tests.matrix.miner.row import Row, row

AT_ONCE = "test_submission.py::test_submissions_are_answered_at_once"
BAD = "test_submission.py::test_bad_submissions_are_refused"
UNKNOWN = "test_submission.py::test_unknown_ids_are_not_found"
CHOSEN = "test_submission.py::test_chosen_ids_are_honoured"
AGAIN = "test_submission.py::test_an_id_is_free_again_after_the_end"
UNUSUAL = "test_submission.py::test_unusual_submissions_are_understood"
LONGER = "--job-seconds 1"
ALL_OF_THEM = tuple(
    f"test_{name}.py" for name in ("submission", "polling", "expiry", "health", "secrecy")
)

ROWS: tuple[Row, ...] = (
    row("", "", *ALL_OF_THEM),
    row(
        "slow-submission strange-first-word status-url-dead result-url-dead",
        "SUB-2 SUB-6 SUB-7 SUB-12",
        AT_ONCE,
    ),
    row("status-url-of-another result-url-of-another", "SUB-6 SUB-7", AT_ONCE),
    row("slow-submission", "SUB-2", AT_ONCE, miner=f"{LONGER} --trigger race:2"),
    row("", "SUB-18", AT_ONCE, miner="--variation slash-redirect"),
    row("submission-without-id", "SUB-1", AT_ONCE, miner="--trigger every:2"),
    row("same-id", "SUB-3", AT_ONCE),
    row("chosen-id-ignored", "SUB-4", CHOSEN, AGAIN, miner=LONGER),
    row("busy-id-taken reused-id-old-picture", "SUB-5 SUB-14", CHOSEN, AGAIN, miner=LONGER),
    row("busy-id-crash reused-id-refused", "SUB-5 SUB-14", CHOSEN, AGAIN, miner=LONGER),
    row("prompt-not-checked", "SUB-8 SUB-19", BAD),
    row("empty-prompt-taken", "SUB-19", BAD),
    row("sizes-clamped deep-json-crash", "SUB-8 SUB-9", BAD),
    row("fractions-cut encoding-crash", "SUB-8 SUB-9", BAD),
    row("steps-not-checked refused-but-run", "SUB-8 SUB-10", BAD),
    row("wrong-types-skipped", "SUB-8", BAD),
    row("empty-body-taken", "SUB-8", BAD),
    row("any-json-taken", "SUB-8", BAD),
    row("bad-body-crash", "SUB-9", BAD, miner="--trigger p:0.2"),
    row(
        "unknown-id-queued unknown-fields-refused ascii-only size-required",
        "SUB-11 SUB-15 SUB-16 SUB-17",
        UNKNOWN,
        UNUSUAL,
    ),
    row(
        "unknown-id-crash long-prompt-crash other-defaults",
        "SUB-11 SUB-16 SUB-17",
        UNKNOWN,
        UNUSUAL,
        ASYNC_STEP_TIMEOUT="15",  # one picture is 64 times as large as those of other rows
        ASYNC_FIRST_STEP_TIMEOUT="15",
    ),
)

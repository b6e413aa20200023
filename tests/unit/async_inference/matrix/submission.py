"""SUB: what submissions of all kinds make of each fault."""

from tests.unit.async_inference.matrix.row import Row, row

AT_ONCE = "test_submission.py::test_submissions_are_answered_at_once"
BAD = "test_submission.py::test_bad_submissions_are_refused"
UNKNOWN = "test_submission.py::test_unknown_ids_are_not_found"
CHOSEN = "test_submission.py::test_chosen_ids_are_honoured"
AGAIN = "test_submission.py::test_an_id_is_free_again_after_the_end"
UNUSUAL = "test_submission.py::test_unusual_submissions_are_understood"
LONGER = "--job-seconds 0.3"

ROWS: tuple[Row, ...] = (
    row("", "", "test_submission.py"),
    row("slow-submission", "SUB-2", AT_ONCE),
    row("slow-submission", "SUB-2", AT_ONCE, miner="--trigger race:2"),
    row("same-id", "SUB-3", AT_ONCE),
    row("chosen-id-ignored", "SUB-4", CHOSEN, AGAIN, miner=LONGER),
    row("chosen-id-ignored", "SUB-4", CHOSEN, miner="--trigger every:2"),
    row("busy-id-taken", "SUB-5", CHOSEN, miner=LONGER),
    row("busy-id-crash", "SUB-5", CHOSEN, miner=LONGER),
    row("status-url-dead", "SUB-6", AT_ONCE),
    row("status-url-of-another", "SUB-6", AT_ONCE),
    row("result-url-dead", "SUB-7", AT_ONCE),
    row("result-url-of-another", "SUB-7", AT_ONCE),
    row("prompt-not-checked", "SUB-8", BAD),
    row("sizes-clamped", "SUB-8", BAD),
    row("fractions-cut", "SUB-8", BAD),
    row("steps-not-checked", "SUB-8", BAD),
    row("wrong-types-skipped", "SUB-8", BAD),
    row("empty-body-taken", "SUB-8", BAD),
    row("any-json-taken", "SUB-8", BAD),
    row("bad-body-crash", "SUB-9", BAD),
    row("bad-body-crash", "SUB-9", BAD, miner="--trigger p:0.2"),
    row("deep-json-crash", "SUB-9", BAD),
    row("encoding-crash", "SUB-9", BAD),
    row("refused-but-run", "SUB-10", BAD),
    row("unknown-id-queued", "SUB-11", UNKNOWN),
    row("unknown-id-crash", "SUB-11", UNKNOWN),
    row("strange-first-word", "SUB-12", AT_ONCE),
    row("reused-id-old-picture", "SUB-14", AGAIN),
    row("reused-id-refused", "SUB-14", AGAIN),
    row("unknown-fields-refused", "SUB-15", UNUSUAL),
    row("ascii-only", "SUB-16", UNUSUAL),
    row("long-prompt-crash", "SUB-16", UNUSUAL),
    row("size-required", "SUB-17", UNUSUAL),
    row("other-defaults", "SUB-17", UNUSUAL),
)

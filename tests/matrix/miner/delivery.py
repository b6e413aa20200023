"""Callbacks: where they go, what is in them, how often they come, what the miner says of them."""

from tests.matrix.miner.row import Row, row

BASIC = "test_async_inference.py"
MANY = "test_delivery.py::test_callbacks_of_many_jobs"
PLAIN = "test_delivery.py::test_callback_to_the_plain_url"
NOWHERE = "test_delivery.py::test_jobs_without_a_callback_url"
FAILURES = "test_delivery.py::test_failures_are_delivered_too"
LONG = "test_delivery.py::test_a_long_answer_is_previewed"
AMONG_OTHERS = "test_hostile_receivers.py::test_a_slow_receiver_among_others"
RECEIVER = "test_hostile_receivers.py::test_a_hostile_receiver"
MOVED = "test_hostile_receivers.py::test_a_receiver_that_moved"
OUTLASTS = "test_hostile_receivers.py::test_a_receiver_that_outlasts_the_miner"
REFUSES = f"{RECEIVER}[AnswersError(status=500)]"
BREAKS_OFF = f"{RECEIVER}[Resets(when=during reading)]"
BREAKS = f"{RECEIVER}[Resets(when=before reading)]"
TRIES = "--callback-attempts 3"
RETRIES = "retry_within = 1"

ROWS: tuple[Row, ...] = (
    row("", "", "test_delivery.py", "test_hostile_receivers.py"),
    row("", "", "test_hostile_receivers.py", miner="--callback-timeout 0.5"),
    row("secret-missing", "CBK-2", MANY),
    row("secret-of-another", "CBK-2", MANY),
    row("secret-of-another", "CBK-2", MANY, miner="--trigger race:2 --job-seconds 0.5"),
    row("job-id-of-another", "CBK-3", MANY),
    row("job-id-of-another", "CBK-3", MANY, miner="--trigger race:1 --job-seconds 0.5"),
    row("url-of-another", "CBK-3", MANY),
    row("callback-url-shortened", "CBK-3", MANY),
    row("callback-by-put", "CBK-5", MANY),
    row("callback-by-put", "CBK-5", MANY, miner="--trigger p:0.5"),
    row("callback-as-json", "CBK-5", MANY),
    row("form-without-end", "CBK-5", MANY),
    row("form-wrong-boundary", "CBK-5", MANY),
    row("callback-without-job-id", "CBK-6", MANY),
    row("callback-without-status", "CBK-6", MANY),
    row("callback-without-completed-at", "CBK-6", MANY),
    row("callback-says-failed", "CBK-7", MANY),
    row("callback-says-failed", "CBK-7", MANY, miner="--trigger every:3"),
    row("callback-says-processing", "CBK-7", MANY),
    row("failure-called-completed", "CBK-7", FAILURES),
    row("callback-without-picture", "CBK-8", MANY),
    row("callback-path-only", "CBK-8", MANY),
    row("callback-link-only-404", "CBK-8", MANY),
    row("callback-link-dead", "CBK-28", MANY),
    row("callback-link-dead", "CBK-28", MANY, miner="--trigger every:3"),
    row("callback-link-of-another", "CBK-28", MANY),
    row("success-with-error", "CBK-29", MANY),
    row("failure-with-picture", "CBK-29", FAILURES),
    row("failures-urlencoded", "CBK-5", FAILURES),
    row("failures-as-json", "CBK-5", FAILURES),
    row("section-late", "CBK-30", MANY, ASYNC_CALLBACK_TIMEOUT="15"),
    row("delivery-without-end", "CBK-31", f"{OUTLASTS}[NoAnswer(seconds=45)]").given("--full"),
    row("callback-other-picture", "CBK-9", MANY),
    row("delivered-whatever-answered", "CBK-10", REFUSES),
    row("delivered-called-failed", "CBK-11", MANY),
    row("status-code-204", "CBK-11", MANY),
    row("status-code-constant", "CBK-12", REFUSES),
    row("preview-of-another-answer", "CBK-13", MANY),
    row("preview-without-end", "CBK-13", LONG),
    row("payload-status-constant", "CBK-14", MANY),
    row("status-lags", "CBK-15", MANY),
    row("section-missing", "CBK-16", BASIC),
    row("attempted-at-zero", "CBK-17", MANY),
    row("delivered-to-nobody", "CBK-18", NOWHERE),
    row("failed-delivery-skipped", "CBK-19", REFUSES),
    row("failure-without-code", "CBK-19", REFUSES),
    row("failure-without-error", "CBK-19", BREAKS),
    row("delivery-fails-the-job", "CBK-20", REFUSES),
    row("slow-receiver-blocks", "CBK-21", AMONG_OTHERS, miner="--callback-timeout 3"),
    row("retry-storm", "CBK-22", REFUSES),
    row("gives-up-at-once", "CBK-32", REFUSES, miner=TRIES).promising(RETRIES),
    row("gives-up-at-once", "CBK-32", BREAKS_OFF, miner=TRIES).promising(RETRIES),
    row("gives-up-at-once", "", REFUSES, miner=TRIES),
    row("", "", "test_hostile_receivers.py", miner="--variation retrying").promising(RETRIES),
    row("retry-differs", "CBK-23", REFUSES),
    row("failure-without-reason", "CBK-24", FAILURES),
    row("failures-not-delivered", "CBK-1", FAILURES),
    row("callback-later-again", "CBK-4", BASIC, ASYNC_STRAGGLER_WAIT="1.5"),
    row("callback-for-a-ghost", "CBK-25", PLAIN),
    row("callback-jpeg-type", "CBK-26", MANY).explaining("IMG-1"),
    row("callback-jpeg-name", "CBK-26", MANY),
    row("callback-time-1970", "CBK-27", MANY),
    row("follows-redirects", "SEC-2", f"{MOVED}[RedirectsInTurn(to=other host)]"),
    row("executed-twice", "SCH-7", MANY),
)

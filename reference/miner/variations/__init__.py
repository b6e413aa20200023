"""What correct miners may do differently, one module each, built like the faults."""

VARIATIONS: tuple[str, ...] = (
    "bad-request-400",
    "bursty",
    "eats-memory",
    "error-word",
    "failed-at",
    "floods-output",
    "id-key",
    "late-callback-section",
    "no-image-url",
    "no-percentage",
    "no-progress",
    "no-training",
    "not-repeatable",
    "plain-202",
    "processing-until-delivered",
    "retrying",
    "slow",
)

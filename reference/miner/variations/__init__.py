"""What correct miners may do differently, one module each, built like the faults."""

VARIATIONS: tuple[str, ...] = (
    "bad-request-400",
    "error-word",
    "failed-at",
    "id-key",
    "late-callback-section",
    "no-image-url",
    "no-progress",
    "no-training",
    "not-repeatable",
    "plain-202",
    "processing-until-delivered",
    "retrying",
)

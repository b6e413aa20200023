"""The defects that can be switched on, one module each; ``docs/reference-miner.md`` has the list.

To add one: write ``faults/my_defect.py`` with a Fault subclass ``MyDefect`` and put ``my-defect``
into the table. Modules are imported only when they are asked for, so that a miner
starts as fast with a hundred of them.
"""

from collections.abc import Iterable
from importlib import import_module

from reference.miner.seams import Fault
from reference.miner.variations import VARIATIONS

FAULTS: tuple[str, ...] = (
    "all-black",
    "any-json-taken",
    "ascii-only",
    "attempted-at-zero",
    "back-to-queued",
    "bad-body-crash",
    "bad-checksum",
    "bottom-black",
    "bottom-grey",
    "brighter-tile",
    "busy-id-crash",
    "busy-id-taken",
    "bytes-after-end",
    "callback-as-json",
    "callback-by-put",
    "callback-for-a-ghost",
    "callback-jpeg-name",
    "callback-jpeg-type",
    "callback-later-again",
    "callback-missing",
    "callback-other-picture",
    "callback-says-failed",
    "callback-says-processing",
    "callback-time-1970",
    "callback-twice",
    "callback-url-shortened",
    "callback-without-completed-at",
    "callback-without-job-id",
    "callback-without-picture",
    "callback-without-status",
    "chosen-id-ignored",
    "comes-back",
    "countdown",
    "crash",
    "deep-json-crash",
    "delivered-called-failed",
    "delivered-never-sent",
    "delivered-to-nobody",
    "delivered-whatever-answered",
    "delivery-fails-the-job",
    "empty-body-taken",
    "encoding-crash",
    "ends-before-start",
    "ends-twice",
    "epoch-times",
    "executed-twice",
    "failed-delivery-skipped",
    "failure-called-completed",
    "failure-unexplained",
    "failure-without-code",
    "failure-without-error",
    "failure-without-reason",
    "failures-not-delivered",
    "falling-progress",
    "follows-redirects",
    "form-without-end",
    "form-wrong-boundary",
    "fractions-cut",
    "half-a-status",
    "half-denoised",
    "half-the-rows",
    "hang",
    "hang-beating",
    "ignores-sigterm",
    "job-id-of-another",
    "jpeg-inside",
    "local-times",
    "long-prompt-crash",
    "lost-channel",
    "missing-tile",
    "naive-times",
    "no-end-time",
    "noise-bottom",
    "oscillating-progress",
    "other-defaults",
    "out-of-memory",
    "payload-status-constant",
    "preview-of-another-answer",
    "preview-without-end",
    "progress-negative",
    "progress-too-high",
    "prompt-not-checked",
    "queue-lost",
    "refused-but-run",
    "repeated-bottom",
    "result-404",
    "result-url-dead",
    "result-url-of-another",
    "retry-differs",
    "retry-storm",
    "reused-id-old-picture",
    "reused-id-refused",
    "rows-of-another",
    "same-id",
    "secret-missing",
    "secret-of-another",
    "section-missing",
    "size-required",
    "sizes-clamped",
    "slow-receiver-blocks",
    "slow-status",
    "slow-submission",
    "spoken-times",
    "stale-picture",
    "stall-downloading",
    "stall-post-processing",
    "stall-preloading",
    "stall-starting",
    "status-code-204",
    "status-code-constant",
    "status-crash",
    "status-lags",
    "status-of-another",
    "status-unanswered",
    "status-url-dead",
    "status-url-of-another",
    "steps-not-checked",
    "strange-first-word",
    "strange-word",
    "torn-rows",
    "training-interrupts",
    "truncated-file",
    "unknown-fields-refused",
    "unknown-id-crash",
    "unknown-id-queued",
    "url-of-another",
    "wrong-secret",
    "wrong-size",
    "wrong-types-skipped",
)


def load(name: str) -> type[Fault]:
    """The fault or variation of this name. Raises LookupError with what to do."""
    package = "faults" if name in FAULTS else "variations" if name in VARIATIONS else ""
    if not package:
        raise LookupError(f"there is no fault or variation {name!r}; --list-faults shows them all")
    module = import_module(f"reference.miner.{package}.{name.replace('-', '_')}")
    found: type[Fault] = getattr(module, name.title().replace("-", ""))
    return found


def switched_on(wanted: Iterable[tuple[str, float | None]], launch: int = 0) -> list[Fault]:
    """The faults of these names, with their values, in the process of this launch number (0 in
    the miner itself). Raises LookupError."""
    faults = [load(name)(value) for name, value in wanted]
    for fault in faults:
        fault.launch = launch
    return faults

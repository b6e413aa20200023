"""All settings of the reference miner in one table: defaults, allowed ranges, meaning.

Flags (``--job-seconds``) and the names in a settings file (``job_seconds``) both come from here.
Times are seconds.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar

from reference.engine.names import DTYPES, FAULTS

HARDWARE = {"high-end": 600.0, "mid-range": 900.0, "low-end": 1200.0}
"""Step timeouts by class of device: the upper end of the advice for each, because ending a healthy
job costs more than finding a hang a little later."""

DIFFUSION = "diffusion"
ENGINES = ("drawn", DIFFUSION)
CHOICES = {"engine": ENGINES, "dtype": DTYPES, "engine_fault": ("", *FAULTS)}

Value = int | float | str
N = TypeVar("N", int, float)


class SettingsError(ValueError):
    """An invalid setting; the message has its name, its value and what is allowed."""


def number(default: N, low: N, high: N, help: str) -> N:  # noqa: A002 - it is the help text
    """A setting with a range, both ends allowed."""
    meta = {"low": low, "high": high, "help": help}
    made: N = field(default=default, metadata=meta)
    return made


def text(default: str, help: str) -> str:  # noqa: A002
    """A setting that takes any text."""
    made: str = field(default=default, metadata={"help": help})
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one miner."""

    host: str = text("127.0.0.1", "address to listen on")
    port: int = number(8091, 0, 65535, "port to listen on; 0 picks a free port")
    workers: int = number(2, 1, 64, "inference processes")
    job_seconds: float = number(
        0.3, 0.0, 86400.0, "time that 20 steps take; other numbers in proportion"
    )
    training_seconds: float = number(2.0, 0.0, 86400.0, "time that one training takes")
    queue_limit: int = number(10_000, 1, 100_000, "jobs that may wait; more get 503")
    retention: float = number(300.0, 0.1, 864_000.0, "how long an ended job is remembered")
    attempts: int = number(2, 1, 10, "attempts at a job whose process hangs or dies")
    inference_timeout: float = number(
        1800.0, 0.1, 604_800.0, "longest run of one job, then `timeout`"
    )
    inference_step_timeout: float = number(600.0, 0.1, 86400.0, "between two steps, and silence")
    first_step_timeout: float = number(90.0, 0.1, 86400.0, "to the first step, if that is longer")
    preload_timeout: float = number(80.0, 0.1, 86400.0, "process start, and model loading")
    download_timeout: float = number(121.0, 0.1, 86400.0, "download of a LoRA")
    post_process_timeout: float = number(60.0, 0.1, 86400.0, "from 100 % to the result")
    process_timeout: float = number(300.0, 0.1, 86400.0, "every process silent at the same time")
    slow_rate: float = number(1.0, 0.0, 6000.0, "percent per minute below which a job is slow")
    slow_after: float = number(60.0, 0.1, 86400.0, "how long a job runs before it can be slow")
    heartbeat: float = number(1.0, 0.01, 60.0, "between signs of life of an idle process")
    tick: float = number(1.0, 0.01, 60.0, "how often the processes are judged")
    replacement_cooldown: float = number(
        1.0, 0.0, 3600.0, "pause of a slot before its next process"
    )
    quarantine_failures: int = number(3, 1, 1000, "failures after which a slot is quarantined")
    quarantine_window: float = number(300.0, 0.1, 86400.0, "time in which failures are counted")
    quarantine_seconds: float = number(300.0, 0.1, 86400.0, "how long it is quarantined")
    hardware: str = text(
        "", "start from the step timeout of high-end, mid-range or low-end devices"
    )
    callback_timeout: float = number(10.0, 0.1, 3600.0, "longest wait for progress of a receiver")
    callback_at_once: int = number(512, 1, 10_000, "callbacks sent in parallel")
    callback_attempts: int = number(1, 1, 10, "delivery attempts; more than one only after errors")
    callback_retry_delay: float = number(0.5, 0.0, 3600.0, "pause before a further attempt")
    training: int = number(1, 0, 1, "whether training is offered")
    engine: str = text("drawn", "what makes the pictures: drawn, or diffusion, which samples them")
    dtype: str = text("float32", "what diffusion computes in: float32, bfloat16 or float16")
    max_batch: int = number(4, 1, 64, "jobs that share a forward pass of diffusion")
    engine_fault: str = text("", "a defect of diffusion beside other jobs; --list-faults has them")


def names() -> tuple[str, ...]:
    """Every setting, in the order of the table."""
    return tuple(entry.name for entry in fields(Settings))


def table() -> tuple[Field[Any], ...]:
    """The rows of the table, for flags and help texts."""
    return fields(Settings)


def configured(base: Settings, values: Mapping[str, object]) -> Settings:
    """``base`` with these values, each checked. Raises SettingsError."""
    rows = {row.name: row for row in table()}
    values = _of_hardware(values) | dict(values)
    for name in values:
        if name not in rows:
            raise SettingsError(f"{name} is not a setting; expected one of {', '.join(rows)}")
    checked: dict[str, Any] = {name: _checked(rows[name], v) for name, v in values.items()}
    return replace(base, **checked)


def _of_hardware(values: Mapping[str, object]) -> dict[str, object]:
    named = values.get("hardware")
    if named in (None, ""):
        return {}
    if not isinstance(named, str) or named not in HARDWARE:
        raise SettingsError(f"hardware must be one of {', '.join(HARDWARE)}, not {named!r}")
    return {"inference_step_timeout": HARDWARE[named]}


def _checked(row: Field[Any], value: object) -> Value:
    if row.type is str:
        if not isinstance(value, str):
            raise SettingsError(f"{row.name} must be text, not {value!r}")
        allowed = CHOICES.get(row.name, (value,))
        if value not in allowed:
            words = ", ".join(filter(None, allowed))
            raise SettingsError(f"{row.name} must be one of {words}, not {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{row.name} must be a number ({_range(row)}), not {value!r}")
    if not row.metadata["low"] <= value <= row.metadata["high"]:  # nan is in no range
        raise SettingsError(f"{row.name} must be {_range(row)}, not {value!r}")
    if row.type is int and value != int(value):
        raise SettingsError(f"{row.name} must be a whole number ({_range(row)}), not {value!r}")
    return int(value) if row.type is int else float(value)


def _range(row: Field[Any]) -> str:
    return f"between {row.metadata['low']:.10g} and {row.metadata['high']:.10g}"

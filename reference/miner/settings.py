"""All settings of the reference miner in one table: defaults, allowed ranges, meaning.

Flags (``--job-seconds``) and the names in a settings file (``job_seconds``) both come from here.
Times are seconds.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar

Value = int | float | str
N = TypeVar("N", int, float)


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value and what is allowed."""


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
    """What one miner runs with."""

    host: str = text("127.0.0.1", "address to listen on")
    port: int = number(8091, 0, 65535, "port to listen on; 0 takes a free one")
    workers: int = number(2, 1, 64, "inference processes")
    job_seconds: float = number(0.3, 0.0, 86400.0, "time that one job takes, spread over its steps")
    training_seconds: float = number(2.0, 0.0, 86400.0, "time that one training takes")
    queue_limit: int = number(10_000, 1, 1_000_000, "jobs that may wait; beyond it 503")
    retention: float = number(300.0, 0.1, 864_000.0, "how long an ended job is remembered")
    inference_timeout: float = number(600.0, 0.1, 86400.0, "longest run of one job, then `timeout`")
    callback_timeout: float = number(10.0, 0.1, 3600.0, "longest wait for a receiver to go on")
    callback_attempts: int = number(1, 1, 10, "delivery attempts; more than one only after errors")
    callback_retry_delay: float = number(0.5, 0.0, 3600.0, "pause before a further attempt")
    training: int = number(1, 0, 1, "whether training is offered")


def names() -> tuple[str, ...]:
    """Every setting, in the order of the table."""
    return tuple(entry.name for entry in fields(Settings))


def table() -> tuple[Field[Any], ...]:
    """The rows of the table, for flags and help texts."""
    return fields(Settings)


def configured(base: Settings, values: Mapping[str, object]) -> Settings:
    """``base`` with these values, each checked. Raises SettingsError."""
    rows = {row.name: row for row in table()}
    for name in values:
        if name not in rows:
            raise SettingsError(f"{name} is no setting; there are {', '.join(rows)}")
    checked: dict[str, Any] = {name: _checked(rows[name], v) for name, v in values.items()}
    return replace(base, **checked)


def _checked(row: Field[Any], value: object) -> Value:
    if row.type is str:
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{row.name} must be a number ({_range(row)}), not {value!r}")
    if row.type is int and value != int(value):
        raise SettingsError(f"{row.name} must be a whole number ({_range(row)}), not {value!r}")
    if not row.metadata["low"] <= value <= row.metadata["high"]:
        raise SettingsError(f"{row.name} must be {_range(row)}, not {value!r}")
    return int(value) if row.type is int else float(value)


def _range(row: Field[Any]) -> str:
    return f"between {row.metadata['low']} and {row.metadata['high']}"

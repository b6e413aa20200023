"""The settings of a run: one frozen value, read from the environment in this module only.

Each field has the variable that sets it, how to read it and what is allowed. Flags of the command
line override the environment through :meth:`Settings.override`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asyncproof.places import HOME
from asyncproof.vocabulary import DOCUMENTED

REFERENCE = "reference"
TRUE_WORDS, FALSE_WORDS = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class SettingError(ValueError):
    """An invalid setting; the message has its name, its value and what is allowed."""

    def __init__(self, name: str, value: str, allowed: str) -> None:
        super().__init__(f"{name}={value!r} is invalid: expected {allowed}")


@dataclass(frozen=True, slots=True)
class SettingKind:
    """How the text of a setting becomes a value. ``read`` raises ValueError for invalid text."""

    allowed: str
    read: Callable[[str], Any]


def number(low: float, high: float, unit: str = "seconds") -> SettingKind:
    def read(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return SettingKind(f"a number of {unit} from {low:g} to {high:g}", read)


def whole(low: int, high: int) -> SettingKind:
    def read(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return SettingKind(f"a whole number from {low} to {high}", read)


def _read_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    _ = parts.port  # raises ValueError where it is none
    return text.rstrip("/")


def _read_miner(text: str) -> str:
    if text != REFERENCE and urlsplit(text).port == 0:
        raise ValueError
    return text if text == REFERENCE else _read_url(text)


def _read_switch(text: str) -> bool:
    word = text.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError
    return word in TRUE_WORDS


def _read_size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    size = int(width), int(height)
    if not all(16 <= side <= 8192 for side in size):
        raise ValueError
    return size


def _read_word(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError
    return text


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


CALLBACK_URL = SettingKind("a url such as http://127.0.0.1:8092 (port 0: any free port)", _read_url)
MINER = SettingKind("a url such as http://localhost:8091, or the word 'reference'", _read_miner)
SWITCH = SettingKind("1, true or yes (or 0, false, no)", _read_switch)
SIZE = SettingKind("WIDTHxHEIGHT with 16 to 8192 pixels a side, such as 1024x1024", _read_size)
WORD = SettingKind("printable text that is not empty", _read_word)
LIST = SettingKind("a list separated by commas", _read_list)
FOLDER = SettingKind("the path of a folder", lambda text: Path(_read_word(text)))


def setting(variable: str, kind: SettingKind, default: Any, secret: bool = False) -> Any:
    return field(default=default, metadata={"variable": variable, "kind": kind, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a run. Times are in seconds unless their name says otherwise.

    ``callback_bind_host`` None: the host of ``callback_base_url``. ``run_seed`` None: a new one for
    each run, printed and recorded in the history. ``small_size`` None: what an earlier run
    learned, else ``image_size``. ``endpoint`` is the name of a profile, and ``profile``, if there
    is one, stands before it; whether there is such a profile is known where it is loaded. ``given``
    names the settings that were set explicitly.
    """

    miner_url: str = setting("ASYNC_MINER_URL", MINER, "http://localhost:8091")
    endpoint: str = setting("ASYNC_ENDPOINT", WORD, DOCUMENTED)
    profile: str | None = setting("ASYNC_PROFILE", WORD, None)
    callback_base_url: str = setting(
        "ASYNC_CALLBACK_BASE_URL", CALLBACK_URL, "http://127.0.0.1:8092"
    )
    callback_bind_host: str | None = setting("ASYNC_CALLBACK_BIND_HOST", WORD, None)
    callback_secret: str = setting("ASYNC_CALLBACK_SECRET", WORD, "test-secret", secret=True)
    callback_view_token: str | None = setting("ASYNC_CALLBACK_VIEW_TOKEN", WORD, None, secret=True)
    callback_control_url: str | None = setting("ASYNC_CALLBACK_CONTROL_URL", CALLBACK_URL, None)
    external_callback: bool = setting("ASYNC_USE_EXTERNAL_CALLBACK", SWITCH, False)
    callback_folder: Path = setting("ASYNC_CALLBACK_DIR", FOLDER, HOME / "mock_callbacks")
    concurrent_jobs: int = setting("STRESS_TEST_CONCURRENT", whole(1, 100_000), 10)
    sequential_jobs: int = setting("STRESS_TEST_SEQUENTIAL", whole(1, 100_000), 5)
    twins: int = setting("STRESS_TEST_TWINS", whole(1, 1_000), 3)
    image_size: tuple[int, int] = setting("ASYNC_IMAGE_SIZE", SIZE, (1024, 1024))
    small_size: tuple[int, int] | None = setting("ASYNC_SMALL_SIZE", SIZE, None)
    inference_steps: int = setting("ASYNC_STEPS", whole(1, 1_000), 20)
    poll_interval: float = setting("ASYNC_POLL_INTERVAL", number(0.01, 3600), 0.5)
    job_timeout: float = setting("ASYNC_JOB_TIMEOUT", number(0.1, 86_400), 240.0)
    step_timeout: float = setting("ASYNC_STEP_TIMEOUT", number(0.1, 86_400), 600.0)
    first_step_timeout: float = setting("ASYNC_FIRST_STEP_TIMEOUT", number(0, 86_400), 90.0)
    preload_timeout: float = setting("ASYNC_PRELOAD_TIMEOUT", number(0, 86_400), 80.0)
    download_timeout: float = setting("ASYNC_DOWNLOAD_TIMEOUT", number(0, 86_400), 121.0)
    post_process_timeout: float = setting("ASYNC_POST_PROCESS_TIMEOUT", number(0, 86_400), 60.0)
    process_timeout: float = setting("ASYNC_PROCESS_TIMEOUT", number(0, 86_400), 300.0)
    silence_timeout: float = setting("ASYNC_SILENCE_TIMEOUT", number(0.1, 86_400), 60.0)
    least_rate: float = setting(
        "ASYNC_LEAST_RATE", number(0, 1_000_000, "percent per minute (0: any)"), 1.0
    )
    callback_timeout: float = setting("ASYNC_CALLBACK_TIMEOUT", number(0.1, 3600), 30.0)
    straggler_wait: float = setting("ASYNC_STRAGGLER_WAIT", number(0, 3600), 2.0)
    draw_again: int = setting("ASYNC_DRAW_AGAIN", whole(0, 1000), 6)
    expiry_minutes: float = setting("ASYNC_EXPIRY_MINUTES", number(0.01, 10_080, "minutes"), 5.0)
    test_loras: tuple[str, ...] = setting("ASYNC_TEST_LORAS", LIST, ())
    run_seed: int | None = setting("ASYNC_RUN_SEED", whole(0, 2**32 - 1), None)
    report_dir: Path = setting("ASYNC_REPORT_DIR", FOLDER, HOME / "reports")
    given: frozenset[str] = frozenset()

    @property
    def profile_name(self) -> str:
        """The name or the file of the profile that says how the server speaks."""
        return self.profile or self.endpoint

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str] | None = None,
        defaults: Mapping[str, str] | None = None,
    ) -> "Settings":
        """Read the environment (or the given mapping). An empty variable counts as unset.

        ``defaults``, by variable, apply to unset ones and do not count as given.

        Raises:
            SettingError: a variable has a value that cannot be used.
        """
        source = os.environ if environ is None else environ
        texts = {f.name: source.get(f.metadata["variable"], "") for f in _settable()}
        settings = replace(cls().override_variables(defaults or {}), given=frozenset())
        return settings.override({name: text for name, text in texts.items() if text})

    def override(self, texts: Mapping[str, str]) -> "Settings":
        """These settings with some of them, by field name, replaced by values read from text."""
        kinds = {f.name: (f.metadata["variable"], f.metadata["kind"]) for f in _settable()}
        values = {name: _value(*kinds[name], text) for name, text in texts.items()}
        return replace(self, **values, given=self.given | frozenset(values))

    def override_variables(self, texts: Mapping[str, str]) -> "Settings":
        """These settings with some of them, by variable, replaced by values read from text.

        Raises:
            SettingError: no setting has that variable, or its value cannot be used.
        """
        names = {f.metadata["variable"]: f.name for f in _settable()}
        for unknown in texts.keys() - names.keys():
            raise SettingError(unknown, texts[unknown], f"one of {', '.join(sorted(names))}")
        return self.override({names[name]: text for name, text in texts.items()})

    def described(self) -> dict[str, str]:
        """Each setting by its variable, as text, for the start of a run. Secrets are not shown."""
        return {f.metadata["variable"]: _shown(self, f) for f in _settable()}


def variable(name: str) -> str:
    """The environment variable of a field of :class:`Settings`."""
    return next(str(f.metadata["variable"]) for f in _settable() if f.name == name)


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each variable that is no setting but is spelled nearly like one."""
    known = [f.metadata["variable"] for f in _settable()]
    for name in sorted(environ):
        if name.startswith(("ASYNC_", "STRESS_")) and name not in known:
            for near in get_close_matches(name, known, n=1, cutoff=0.85):
                yield f"{name} is set and is not a setting; did you mean {near}?"


def _settable() -> list[Any]:
    return [f for f in fields(Settings) if f.metadata]


def _value(name: str, kind: SettingKind, text: str) -> Any:
    try:
        return kind.read(text)
    except ValueError as error:
        raise SettingError(name, text, kind.allowed) from error


def _shown(settings: Settings, which: Any) -> str:
    value = getattr(settings, which.name)
    if which.metadata["secret"]:
        return "(not shown)"
    if isinstance(value, tuple):
        return "x".join(map(str, value)) if which.name.endswith("_size") else ",".join(value)
    return "" if value is None else str(value)

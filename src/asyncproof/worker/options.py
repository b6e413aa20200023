"""From options to a plan that can be run."""

import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncproof.places import HOME
from asyncproof.worker import profile as profiles
from asyncproof.worker.events import WorkerLimits
from asyncproof.worker.heartbeats import NONE
from asyncproof.worker.plan import NO_MODEL, WorkerPlan

REPORTS = HOME / "reports"
DEFAULT_MODEL = "../../.test-models/tinyllama/tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf"
GGUF = b"GGUF"  # the first bytes of such a file
DEFAULT_INTERVAL = 1.0  # seconds, if the command takes the interval
BACKENDS = ("cpu", "cuda", "metal")
LEVELS = (1, 2, 4)
VARIABLES = {"worker_cmd": "WORKER_CMD", "profile": "WORKER_PROFILE", "model": "WORKER_MODEL"}


class OptionError(ValueError):
    """Options that conflict, or a missing model; the message names the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """The command line's options, with their defaults. ``port`` and ``hive_port`` are those of the
    first worker; the others get the following numbers, or free ones if it is 0."""

    profile: str = "document"
    worker_cmd: str = ""
    worker_id: str = ""
    model: str = DEFAULT_MODEL
    backend: str = "cpu"
    device: int = 0
    port: int = 18081
    hive_port: int = 19200
    timeout: float = 30.0
    heartbeat_schema: str = ""
    heartbeat_interval: float | None = None
    watch: float | None = None
    slack: float = 0.5
    workers: int = 1
    benchmark: bool = False
    difficult_hive: bool = True
    stop_process: bool = True
    report_dir: Path = REPORTS


def from_environ(environ: Mapping[str, str]) -> WorkerOptions:
    """Options for a test session: the command, profile and model that the environment names.

    Without them it is the bundled worker. Ports are free ones.
    """
    given = {
        name: environ[variable]
        for name, variable in VARIABLES.items()
        if environ.get(variable, "").strip()
    }
    return WorkerOptions(**{"model": NO_MODEL, **given}, port=0, hive_port=0)  # type: ignore[arg-type]


def plan(options: WorkerOptions, backend: str) -> WorkerPlan:
    """The plan for one backend.

    Raises:
        OptionError: the model is missing, or options contradict each other.
        ProfileError: the profile cannot be used.
    """
    profile = profiles.load(options.profile)
    command = options.worker_cmd or profile.command
    if not command:
        raise OptionError(
            f"the profile {options.profile} has no command; add one with --worker-cmd"
        )
    schema = options.heartbeat_schema or profile.heartbeat.schema_name
    interval = _interval(options, profile, command)
    if "{model}" in command:
        check_model(options.model)
    if schema != NONE and profile.heartbeat.schema_name == NONE and "{hive_url}" not in command:
        raise OptionError("a heartbeat schema needs a command with {hive_url}: --worker-cmd")
    folder = options.report_dir / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-worker-{uuid.uuid4().hex[:6]}"
    return WorkerPlan(
        profile=profile,
        command=command,
        schema=schema,
        worker_ids=_ids(options),
        model=options.model,
        backend=backend,
        device=options.device,
        ports=_numbers(options.port, options.workers),
        hive_ports=_numbers(options.hive_port, options.workers),
        limits=WorkerLimits(interval=interval, ready=options.timeout, slack=options.slack),
        watch=options.watch if options.watch is not None else max(10.0, 3.5 * interval),
        folder=folder,
        difficult_hive=options.difficult_hive,
        stop_process=options.stop_process,
        levels=LEVELS if options.benchmark else (),
    )


def check_model(model: str) -> None:
    """Raise OptionError unless the model is ``none``, or a file of the kind that its name says."""
    if model == NO_MODEL:
        return
    path = Path(model)
    try:
        with path.open("rb") as file:
            broken = path.suffix == ".gguf" and file.read(len(GGUF)) != GGUF
    except OSError as error:
        what = "not found" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise OptionError(
            f"model file {what}: {model}; give a GGUF file with --model, write a small one with "
            f"`make tiny-model`, or use --model {NO_MODEL} if the worker needs none"
        ) from error
    if broken:
        raise OptionError(
            f"not a GGUF model: {model}; download it again, or write a small one with "
            "`make tiny-model`"
        )


def _interval(options: WorkerOptions, profile: profiles.Profile, command: str) -> float:
    """The interval in the worker's command, or the one in its profile."""
    told = "{heartbeat_interval}" in command
    if options.heartbeat_interval is not None:
        return options.heartbeat_interval
    return DEFAULT_INTERVAL if told else profile.heartbeat.interval


def _ids(options: WorkerOptions) -> list[str]:
    if options.worker_id and options.workers > 1:
        return [f"{options.worker_id}-{number + 1}" for number in range(options.workers)]
    return [options.worker_id or f"test-worker-{uuid.uuid4()}" for _ in range(options.workers)]


def _numbers(first: int, count: int) -> Sequence[int]:
    return [first + number if first else 0 for number in range(count)]


def present(backend: str) -> bool:
    """Whether this machine seems to have the hardware of a backend."""
    match backend:
        case "cuda":
            return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
        case "metal":
            return sys.platform == "darwin"
    return True

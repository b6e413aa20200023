"""One attempt at a suite: its files, its command and its environment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asyncproof.coordinator.suites import Suite, expand

PLUGINS = Path(__file__).with_name("plugin")
TOUCHED = "reports/touched.ndjson"
RUN_MARK = "COORDINATOR_RUN"
"""Set in the environment of every process of a run, even if its parents are gone."""


@dataclass(frozen=True, slots=True)
class SuiteAttempt:
    """``folder`` belongs only to this attempt. ``deadline`` is in seconds from its start."""

    run: str
    suite: Suite
    number: int
    folder: Path
    root: Path
    deadline: float
    ports: Mapping[str, int] = field(default_factory=dict)
    touched: bool = False

    @property
    def events(self) -> Path:
        return self.folder / "events.ndjson"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


def arguments(suite: Suite, folder: str, *, touched: bool = False) -> list[str]:
    """Python's arguments: pytest with our plugins, its own cache, and the suite's arguments."""
    plugins = ["-p", "coordinator_events", "-o", f"cache_dir={folder}/cache"]
    if touched:
        plugins += ["-p", "coordinator_touched"]
    if suite.shard:
        plugins += ["-p", "coordinator_shard", f"--coordinator-shard={suite.shard}"]
    return ["-m", "pytest", *plugins, *suite.pytest]


def environment(attempt: SuiteAttempt, folder: str) -> dict[str, str]:
    """What is added to the environment. ``folder`` is the attempt's folder as the suite sees it."""
    own = {
        RUN_MARK: attempt.run,
        "COORDINATOR_EVENTS": f"{folder}/events.ndjson",
        "COORDINATOR_FOLDER": folder,
    }
    if attempt.touched:
        own["COORDINATOR_TOUCHED"] = f"{folder}/{TOUCHED}"
    declared = {k: expand(v, folder, attempt.ports) for k, v in attempt.suite.env.items()}
    return own | declared

"""Makes suites in a folder and runs them, for the tests beside this file."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.admission import Room
from asyncproof.coordinator.local import LocalBackend
from asyncproof.coordinator.result import SuiteResult
from asyncproof.coordinator.run import Backend
from asyncproof.coordinator.session import SuitesOptions, SuitesSession, start
from asyncproof.coordinator.suites import MIB

LEAN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # importing them takes longer than a suite here
ROOM = Room(cores=64, memory=64 * 1024 * MIB)


@dataclass
class Said:
    """What a run said on the terminal."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, suite: str, line: str) -> None:
        self.lines.append((suite, line))

    def of(self, suite: str) -> str:
        return "\n".join(line for name, line in self.lines if name == suite)


def declare(folder: Path, sources: Mapping[str, str], **needs: Mapping[str, Any]) -> Path:
    """A suites file with one suite for each source; ``needs`` adds to a suite's declaration."""
    lines = []
    for name, source in sources.items():
        path = folder / name / "test_it.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        declared = {"pytest": [f"{name}/test_it.py"], "cores": 0.1, "deadline": 120, "env": LEAN}
        lines.append(f"[suites.{name}]")
        for key, value in (declared | dict(needs.get(name.replace("-", "_"), {}))).items():
            lines.append(f"{key} = {_toml(value)}")
    file = folder / "suites.toml"
    file.write_text("\n".join(lines))
    return file


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return msgspec.json.encode(value).decode()


def options(file: Path, **changes: Any) -> SuitesOptions:
    given: dict[str, Any] = {
        "suites": file,
        "reports": file.parent / "reports",
        "room": ROOM,
        "deadline": 300,
        "retries": 0,
        "stall_after": 30,
        "shards": 1,
    }
    return SuitesOptions(**given | changes)


def run(
    session: SuitesSession, backend: Backend | None = None
) -> tuple[dict[str, SuiteResult], Said]:
    said = Said()
    results = asyncio.run(session.run(backend or LocalBackend(), said))
    return {result.suite: result for result in results}, said


def run_all(
    file: Path, names: Sequence[str], **changes: Any
) -> tuple[SuitesSession, dict[str, SuiteResult], Said]:
    session = start(options(file, **changes), names)
    results, said = run(session)
    return session, results, said


def journal(session: SuitesSession) -> list[jr.RunEvent]:
    return list(jr.reader.read(session.plan.folder / jr.NAME))

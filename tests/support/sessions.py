"""Runs a pytest session with the plugin in a process of its own, for the tests beside this file."""

import os
from dataclasses import dataclass
from pathlib import Path

from asyncproof.coordinator import events as ev
from asyncproof.coordinator.build import SuiteRecord, TestOutcome
from asyncproof.coordinator.exit_reason import ExitReason, ProcessEnd, classify
from asyncproof.coordinator.run import read_record
from tests.support.forked import module_process
from tests.support.waiting import TIMEOUT

PLUGINS = Path(ev.__file__).with_name("plugin")


@dataclass(frozen=True, slots=True)
class Session:
    record: SuiteRecord
    ended: ProcessEnd
    terminal: str

    @property
    def ending(self) -> ExitReason:
        return classify(self.record, self.ended)

    def outcomes(self) -> dict[str, str]:
        return {t.test.partition("::")[2]: t.outcome.value for t in self.record.tests}

    def counts(self) -> dict[str, int]:
        counts = {o.value: self.record.count(o) for o in TestOutcome}
        return {outcome: count for outcome, count in counts.items() if count}


def run_session(folder: Path, source: str, *args: str, **env: str) -> Session:
    """Run ``source`` as ``test_it.py`` and fold what it wrote."""
    (folder / "test_it.py").write_text(source)
    events = folder / "out" / "events.ndjson"
    lean = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # importing them takes longer than the session
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COORDINATOR"))}
    ours = {"PYTHONPATH": str(PLUGINS), "COORDINATOR_EVENTS": str(events)}
    words, output = ["-p", "coordinator_events", *args], folder / "terminal.txt"
    environ = clean | lean | ours | env
    with module_process("pytest", words, environ=environ, output=output, cwd=folder) as session:
        session.join(TIMEOUT)
        code = session.exitcode
    terminal = output.read_text(errors="replace")
    assert code is not None, f"no end within {TIMEOUT:g} s: {terminal}"
    record, problem = read_record(events)
    ended = ProcessEnd(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        events_problem=problem,
    )
    return Session(record, ended, terminal)

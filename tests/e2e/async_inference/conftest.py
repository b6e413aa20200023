"""Fixtures and options of the suite: a test gets its testbed, its jobs and its judge from here."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.e2e.async_inference import live, policy, sameness
from tests.e2e.async_inference.nemesis import Nemesis
from tests.e2e.async_inference.opening import SetupError
from tests.e2e.async_inference.run_history import RunHistory
from tests.e2e.async_inference.scenario import Job, Scenario, a_job
from tests.e2e.async_inference.session import Session, within
from tests.e2e.async_inference.stress_report import stress_report
from tests.e2e.async_inference.testbed import Testbed
from tests.harness import baseline
from tests.harness.baseline import BaselineError
from tests.harness.exit_codes import ExitCode
from tests.harness.report import terminal
from tests.harness.settings import SettingError, Settings, variable
from tests.harness.verdict import Check, Outcome, Verdict

# Tests that are not about pictures ask for small ones: they are about the protocol, not the GPU.
SMALL = (512, 512)
SESSION = pytest.StashKey[Session]()
Judge = Callable[[RunHistory, Sequence[Check[RunHistory]]], Verdict]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("async inference", "end-to-end tests of an async inference miner")
    group.addoption("--miner", help="url of the miner, or 'reference' for the bundled one")
    group.addoption(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a setting by its variable, e.g. --set ASYNC_POLL_INTERVAL=0.1",
    )
    group.addoption(
        "--default",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="like --set, but the environment goes before it",
    )
    group.addoption("--strict-clauses", action="store_true", help="a broken SHOULD fails the run")
    group.addoption("--only", metavar="CBK,EXP", default="", help="only these families of clauses")
    group.addoption("--quick", action="store_true", help="only the tests marked quick")
    group.addoption("--full", action="store_true", help="the tests marked full as well")
    group.addoption(
        "--baseline", type=Path, help="known findings: they do not fail the run, their absence does"
    )
    group.addoption(
        "--update-baseline", type=Path, metavar="FILE", help="write what was found as known"
    )


def pytest_configure(config: pytest.Config) -> None:
    known, only = config.getoption("baseline"), _families(config)
    try:
        config.stash[SESSION] = Session(
            _settings(config),
            strict=config.getoption("strict_clauses"),
            only=only,
            baseline=baseline.read(known) if known else frozenset(),
            update_baseline=config.getoption("update_baseline"),
            watch=partial(live.watch, plugins=config.pluginmanager),
        )
    except (SettingError, BaselineError) as error:
        pytest.exit(str(error), returncode=ExitCode.USAGE)
    existing = {clause.partition("-")[0] for clause in config.stash[SESSION].clauses}
    for unknown in sorted(only - existing):
        families = ", ".join(sorted(existing))
        pytest.exit(f"--only {unknown}: no such family; there are {families}", ExitCode.USAGE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what ``--only``, ``--quick`` and the lack of ``--full`` leave out."""
    chosen = [item for item in items if _chosen(config, item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _chosen(config: pytest.Config, item: pytest.Item) -> bool:
    only, families = _families(config), set[str]()
    for marker in item.iter_markers("families"):
        families.update(marker.args)
    if only and families and not only & families:
        return False
    if config.getoption("quick"):
        return item.get_closest_marker("quick") is not None
    return bool(config.getoption("full")) or item.get_closest_marker("full") is None


def _families(config: pytest.Config) -> frozenset[str]:
    return frozenset(filter(None, config.getoption("only").upper().replace(" ", "").split(",")))


def _settings(config: pytest.Config) -> Settings:
    given, defaults = (_pairs(config.getoption(name)) for name in ("set", "default"))
    if config.getoption("miner"):
        given["ASYNC_MINER_URL"] = config.getoption("miner")
    return Settings.from_environ(defaults=defaults).override_variables(given)


def _pairs(items: list[str]) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in items)


def pytest_report_header(config: pytest.Config) -> list[str]:
    session = config.stash[SESSION]
    chosen = session.settings.described()
    changed = {variable(name) for name in session.settings.given} | {"ASYNC_MINER_URL"}
    shown = ", ".join(f"{name}={value}" for name, value in chosen.items() if name in changed)
    return [f"async inference: {shown}", f"async inference: seed {session.seed}"]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End the run and turn pytest's exit status into the project's."""
    run = session.config.stash[SESSION]
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        run.incomplete = "interrupted"
    run.close()
    if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = ExitCode.USAGE
    elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        session.exitstatus = ExitCode.SUITE_FAULT
    elif not session.config.option.collectonly:
        session.exitstatus = run.exit_code(exitstatus == pytest.ExitCode.TESTS_FAILED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash[SESSION]
    if run.unavailable:
        terminalreporter.section("async inference", red=True)
        terminalreporter.line(f"Nothing was tested. {run.unavailable}")
    elif run.recorder:
        verdict = run.verdict()
        good = verdict.outcome is Outcome.PASS
        terminalreporter.section("async inference", green=good, red=not good)
        whole = run.whole()
        for line in (*policy.lines(whole), *sameness.lines(whole), *terminal.lines(verdict)):
            terminalreporter.line(line)
        if verdict.outcome is Outcome.FAIL and not terminalreporter.stats.get("failed"):
            terminalreporter.line(
                "The tests passed; this was found after they had ended, and the verdict holds"
            )
        terminalreporter.line(f"Report: {run.recorder.folder / 'report.html'}")
    if run.broken:
        terminalreporter.section("a fault of this suite when the run was closed", red=True)
        terminalreporter.write(run.broken)


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Session:
    return pytestconfig.stash[SESSION]


@pytest.fixture(scope="session")
def settings(run: Session) -> Settings:
    return run.settings


@dataclass(frozen=True)
class BoundTestbed:
    """The testbed, told which test its scenarios are for."""

    _testbed: Testbed
    _name: str

    def run(self, scenario: Scenario, nemesis: Nemesis | None = None) -> RunHistory:
        """Skips the test where it needs a callback server of our own and there is none."""
        try:
            return self._testbed.run(scenario, nemesis, name=self._name)
        except SetupError as error:
            pytest.skip(str(error))

    @property
    def loras(self) -> tuple[str, ...]:
        return self._testbed.loras


@pytest.fixture
def testbed(run: Session, request: pytest.FixtureRequest) -> BoundTestbed:
    try:
        return BoundTestbed(run.testbed(), request.node.name)
    except SetupError as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Draw:
    """Jobs that no other test and no other run has: their seeds come from the run's seed."""

    _chance: Random
    _size: tuple[int, int] | None

    def job(self, **changes: object) -> Job:
        return a_job(self._chance.randrange(1, 2**31), **({"size": self._size} | changes))

    def jobs(self, count: int, **changes: object) -> list[Job]:
        return [self.job(**changes) for _ in range(count)]


@pytest.fixture
def draw(run: Session, request: pytest.FixtureRequest) -> Draw:
    families = {name for marker in request.node.iter_markers("families") for name in marker.args}
    about_pictures = not families.isdisjoint({"IMG", "IDN", "TRN", "RES"})
    small = min(run.settings.image_size, SMALL)
    return Draw(run.chance(request.node.name), None if about_pictures else small)


@pytest.fixture
def judge(run: Session, request: pytest.FixtureRequest) -> Judge:
    """Judges a scenario; the verdict joins the run's, and JUnit learns clauses and jobs."""

    def judge(history: RunHistory, checks: Sequence[Check[RunHistory]]) -> Verdict:
        wanted = [check for check in checks if within(run.only, check.clauses)]
        if not wanted:
            pytest.skip(f"nothing of {', '.join(sorted(run.only))} is judged here")
        verdict = run.judge(history, wanted, request.node.name)
        for finding in verdict.findings:
            request.node.user_properties.append(("clause", finding.clause))
            request.node.user_properties.append(("job", finding.subject))
        if request.node.get_closest_marker("stress"):
            sys.stdout.write("\n" + stress_report(history))
        reasons = [result.reason for result in verdict.results if result.reason]
        if reasons and len(reasons) == len(verdict.results) and not verdict.findings:
            pytest.skip(f"not applicable: {reasons[0]}")
        return verdict

    return judge

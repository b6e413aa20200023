"""One pytest session as one run: its options read, its tests chosen, its verdict printed."""

import os
from collections.abc import Sequence
from functools import partial
from math import inf

import pytest

from asyncproof.harness import baseline
from asyncproof.harness.baseline import BaselineError
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.reports import progress
from asyncproof.run import invocation, junit_file, terminal_summary
from asyncproof.run.budget import NO_LIMIT, BudgetError, RunBudget, affordable
from asyncproof.run.ci_reports import to_github, to_gitlab
from asyncproof.run.console import SuiteConsole
from asyncproof.run.early_end import EarlyEnd, early_end
from asyncproof.run.parallel_runs import ParallelRuns, tell_controller
from asyncproof.run.plan_report import cost, planned
from asyncproof.run.preflight import Offer, SetupError
from asyncproof.run.pytest_markers import families, when
from asyncproof.run.rehearsal import rehearsed
from asyncproof.run.seats import Wish
from asyncproof.run.session import Session
from asyncproof.settings import SettingError, Settings, misspelt, variable
from asyncproof.wire.profile import ServerProfileError

QUICK_REQUESTS = "2"  # fewer cannot show another job's picture
SOME_LORAS, SOME_ENGINES = ("one LoRA", "another", "a third"), 2
RUN = pytest.StashKey[Session]()


def the_run(config: pytest.Config, *, is_the_suite: bool = False) -> Session:
    """The run of this pytest session; opened, with its hooks, when somebody first asks for it.

    ``is_the_suite``: the session runs this suite, whose tests ``--only`` and ``--quick`` choose.
    Ends the session with exit code 2 where an option or a setting cannot be used.
    """
    if RUN not in config.stash:
        ending = early_end()
        ending.install()
        run = config.stash[RUN] = _opened(config)
        run.interruptible = ending.interruptible
        config.pluginmanager.register(ending)
        parallel = ParallelRuns()
        config.pluginmanager.register(parallel)
        config.pluginmanager.register(RunHooks(run, ending, parallel, is_the_suite))
        if is_the_suite:
            config.pluginmanager.register(SuiteConsole(run, config))
        else:
            ending.allow()  # a test asked for the run: the hooks of collection and loop are past
    return config.stash[RUN]


def _opened(config: pytest.Config) -> Session:
    known, only = config.getoption("asyncproof_baseline"), _families(config)
    try:
        session = Session(
            _settings(config),
            strict=config.getoption("asyncproof_strict"),
            only=only,
            baseline=baseline.read(known) if known else frozenset(),
            update_baseline=config.getoption("asyncproof_update_baseline"),
            watch=partial(progress.watch, plugins=config.pluginmanager),
            budget=_budget(config),
        )
    except (SettingError, ServerProfileError, BaselineError, BudgetError) as error:
        pytest.exit(str(error), returncode=ExitCode.USAGE)
    session.command = invocation.command(session.settings, session.seed, os.environ)
    existing = {clause.partition("-")[0] for clause in session.clauses}
    for unknown in sorted(only - existing):
        families = ", ".join(sorted(existing))
        pytest.exit(f"--only {unknown}: no such family; there are {families}", ExitCode.USAGE)
    return session


def _budget(config: pytest.Config) -> RunBudget:
    text = config.getoption("asyncproof_budget")
    return RunBudget.parse(text) if text else NO_LIMIT


def _families(config: pytest.Config) -> frozenset[str]:
    given = config.getoption("asyncproof_only").upper().replace(" ", "").split(",")
    return frozenset(filter(None, given))


def _settings(config: pytest.Config) -> Settings:
    given = _pairs(config.getoption("asyncproof_set"))
    defaults = _pairs(config.getoption("asyncproof_default"))
    if config.getoption("asyncproof_quick"):
        defaults = {variable("twins"): QUICK_REQUESTS} | defaults
    if config.getoption("asyncproof_miner"):
        given["ASYNC_MINER_URL"] = config.getoption("asyncproof_miner")
    return Settings.from_environ(defaults=defaults).override_variables(given)


def _pairs(items: list[str]) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in items)


def assumed(settings: Settings) -> Offer:
    """What a miner may have to offer, before it was asked."""
    return Offer(settings.test_loras or SOME_LORAS, SOME_ENGINES)


def wishes(run: Session, tests: Sequence[pytest.Item], offer: Offer) -> list[Wish]:
    """What these tests will ask the testbed for."""
    return [wish for each in rehearsed(run, tests, offer) for wish in each.wishes]


def within_budget(run: Session, tests: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests worth most that the budget allows, and what cannot be rehearsed; the rest is noted
    in ``left_out``. Where the budget is a time, all are kept in the order of their worth."""
    known = rehearsed(run, tests, assumed(run.settings))
    kept = {each.test: place for place, each in enumerate(affordable(known, run.budget))}
    out = {each.test for each in known} - kept.keys()
    run.left_out += sorted(out)
    left = [test for test in tests if test.name not in out]
    if run.budget.seconds == inf:
        return left
    return sorted(left, key=lambda test: (when(test), kept.get(test.name, len(kept))))


class RunHooks:
    """Pytest's hooks for one run."""

    def __init__(
        self, run: Session, ending: EarlyEnd, parallel: ParallelRuns, is_the_suite: bool
    ) -> None:
        self._run, self._ending, self._is_the_suite = run, ending, is_the_suite
        self._parallel = parallel
        self._deselected, self._is_empty = list[str](), False

    @pytest.hookimpl(trylast=True)  # what -k deselects is not rehearsed
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out what ``--only``, ``--quick``, the lack of ``--full``, and ``--budget`` leave
        out, and make the plan for the rest."""
        if not self._is_the_suite:
            return
        run = self._run
        run.share = not (
            config.getoption("asyncproof_no_sharing") or hasattr(config, "workerinput")
        )
        chosen = sorted((item for item in items if self._chosen(config, item)), key=when)
        if run.budget != NO_LIMIT:
            chosen = within_budget(run, chosen)
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
        self._is_empty = not chosen
        run.rehearse = partial(wishes, run, tuple(items))

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        """What the run will cost, before the first job."""
        run = self._run
        if not self._is_the_suite or run.rehearse is None or self._is_empty:
            return []
        made = run.plan(assumed(run.settings))
        if config.getoption("asyncproof_plan"):
            return planned(made, run.settings, run.small, run.left_out)
        return [f"async inference: {cost(made, run.settings, run.small)}"]

    def _chosen(self, config: pytest.Config, item: pytest.Item) -> bool:
        only, about = self._run.only, families(item)
        if only and about and not only & about:
            return False
        if config.getoption("asyncproof_quick"):
            return item.get_closest_marker("quick") is not None
        return bool(config.getoption("asyncproof_full")) or item.get_closest_marker("full") is None

    def pytest_report_header(self) -> list[str]:
        run = self._run
        chosen = run.settings.described()
        changed = {variable(name) for name in run.settings.given} | {"ASYNC_MINER_URL"}
        shown = ", ".join(f"{name}={value}" for name, value in chosen.items() if name in changed)
        told = [shown, f"seed {run.seed}", *misspelt(os.environ)]
        return [f"async inference: {line}" for line in told]

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]
    ) -> None:
        """An error that no assertion raised is no finding: this suite itself failed.

        Only a time limit fails a test by ``pytest.fail``.
        """
        error = call.excinfo
        if error is not None and isinstance(error.value, pytest.fail.Exception):
            self._run.ran_out_of_time(node.name)
        elif error is not None and not isinstance(error.value, AssertionError | KeyboardInterrupt):
            self._run.broken += f"{node.name}: {error.exconly()}\n"

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected += [item.name for item in items]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """With ``--plan`` nothing is run. Where there is nothing to test against, that is said
        once, and no test is begun."""
        config = session.config
        if config.getoption("asyncproof_plan"):
            return True
        if not self._is_the_suite or config.option.collectonly or hasattr(config, "workerinput"):
            return None
        try:
            if getattr(session, "items", []) and not session.testsfailed:
                self._run.testbed()
        except SetupError:
            return True
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the run and turn pytest's exit status into the project's, before JUnit is written."""
        run = self._run
        self._ending.hold()
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            run.incomplete = f"interrupted by {self._ending.received or 'Ctrl-C'}"
        elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            run.broken += "pytest itself failed; its error stands above\n"
        run.close(tests_failed=exitstatus == pytest.ExitCode.TESTS_FAILED)
        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = ExitCode.USAGE
        elif not (session.config.option.collectonly or session.config.getoption("asyncproof_plan")):
            self._parallel.tests_failed = exitstatus == pytest.ExitCode.TESTS_FAILED
            others = self._parallel if self._parallel.told else None
            session.exitstatus = others.exit_code if others else run.exit_code
            junit_file.tell(session, run, others)
        tell_controller(session.config, run)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        if self._deselected and self._is_empty:
            told = terminal_summary.nothing_selected(config.option.keyword, self._deselected)
            terminalreporter.line(told)
        terminal_summary.tell(terminalreporter, self._run)
        for line in to_github(self._run, os.environ):
            terminalreporter.line(line)
        if config.getoption("asyncproof_code_quality"):
            to_gitlab(self._run, config.getoption("asyncproof_code_quality"))

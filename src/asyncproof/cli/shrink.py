"""``asyncproof shrink history.ndjson``: a smaller load that still fails, found by running it."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness import contract
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError
from asyncproof.history.events import RunStarted, reader
from asyncproof.run.early_end import early_end
from asyncproof.run.recheck import rejudge
from asyncproof.run.session import PROTOCOL
from asyncproof.settings import SettingError, Settings
from asyncproof.stress.order import StressOrder
from asyncproof.stress.session import StressSession
from asyncproof.stress.shrinking import StressLoad, Tried, enough_jobs, shrunk
from asyncproof.stress.tally import Tally

# What the run elsewhere was told, and what is another matter here.
NOT_TAKEN_OVER = ("ASYNC_CALLBACK_DIR", "ASYNC_REPORT_DIR", "ASYNC_MINER_URL")


@dataclass(frozen=True, slots=True)
class Failed:
    """A recorded run that failed: what was sent, what of it failed, and to whom it was sent."""

    load: StressLoad
    clauses: frozenset[str]
    failing: int
    started: RunStarted


class SetupLostError(Exception):
    """A try could not be made; the message says why."""


@click.command()
@click.argument("history", type=click.Path(path_type=Path, exists=True))
@click.option("--miner", help="Where to send [the miner of the run].")
@click.option("--callback-base", help="Public base URL for callbacks [that of the run].")
def shrink(history: Path, miner: str | None, callback_base: str | None) -> None:
    """Find a smaller load that fails as the run in HISTORY did, by sending it again and again.

    Exit codes: 0 a load was found (the last line sends it), 4 the run failed by no clause, or its
    load does not fail any more.
    """
    path = history / "history.ndjson" if history.is_dir() else history
    try:
        failed = read(path)
        settings = _settings(failed.started, miner, callback_base)
    except (HistoryError, SettingError) as error:
        usage_error(str(error))
    if not failed.clauses:
        click.echo("Verdict: INCONCLUSIVE: this run broke no MUST, so there is nothing to shrink")
        sys.exit(ExitCode.INCONCLUSIVE)
    click.echo(f"Shrinking {failed.load}, which broke {', '.join(sorted(failed.clauses))}")
    early_end().install()
    try:
        with tempfile.TemporaryDirectory() as reports, early_end().interruptible():
            smallest = _smallest(failed, replace(settings, report_dir=Path(reports)))
    except SetupLostError as error:
        click.echo(f"SETUP FAILED: {error}")
        sys.exit(ExitCode.SETUP_FAILED)
    except KeyboardInterrupt:
        click.echo("Verdict: INCONCLUSIVE: interrupted")
        sys.exit(ExitCode.INCONCLUSIVE)
    if smallest is None:
        click.echo("Verdict: INCONCLUSIVE: this load does not fail any more")
        sys.exit(ExitCode.INCONCLUSIVE)
    click.echo(f"Fails still: {smallest.load}")
    click.echo(_command(smallest.load, failed.started.seed, settings))


def read(path: Path) -> Failed:
    """What a recorded run sent and how it failed.

    Raises:
        HistoryError: that is no history of a run.
    """
    clauses = contract.load(PROTOCOL)
    verdict, tally, started = rejudge(path, contract.levels(clauses)), Tally(), None
    loras = False
    for event in reader.salvage(path).events:
        tally.take(event)
        started = event if isinstance(event, RunStarted) else started
        loras = loras or bool(getattr(event, "request", {}).get("lora_path"))
    if started is None:
        raise HistoryError(f"{path} has no beginning of a run")
    jobs = {finding.job for finding in verdict.failures if finding.job}
    broken = frozenset(finding.clause for finding in verdict.failures)
    load = StressLoad(tally.submitted, max(1, tally.overlap), loras)
    return Failed(load, broken, len(jobs), started)


def _settings(started: RunStarted, miner: str | None, callback_base: str | None) -> Settings:
    """Those of the run, as far as they matter here."""
    told: Mapping[str, str] = started.settings
    taken = {
        name: text
        for name, text in told.items()
        if text not in ("", "(not shown)") and name not in NOT_TAKEN_OVER
    }
    taken["ASYNC_MINER_URL"] = miner or told.get("ASYNC_MINER_URL", started.target)
    if callback_base:
        taken["ASYNC_CALLBACK_BASE_URL"] = callback_base
    return Settings.from_environ().override_variables(taken)


def _smallest(failed: Failed, settings: Settings) -> Tried | None:
    enough, smallest = enough_jobs(failed.failing, failed.load.jobs), None

    def attempt(load: StressLoad) -> int | None:
        return _failed_after(load, failed, settings)

    for tried in shrunk(failed.load, enough, attempt):
        click.echo(f"  {tried}")
        smallest = tried if tried.failed_after is not None else smallest
    return smallest


def _failed_after(load: StressLoad, failed: Failed, settings: Settings) -> int | None:
    """How many jobs it took until one failed in the same way.

    Raises:
        SetupLostError: the miner or the callback port is unavailable.
    """
    order = StressOrder(
        jobs=load.jobs, concurrency=load.concurrency, until_failure=True, loras=load.loras
    )
    session = StressSession(replace(settings, run_seed=failed.started.seed), order)
    verdict = session.run()
    if verdict.unavailable or verdict.fault:
        raise SetupLostError(verdict.unavailable or verdict.fault)
    if session.interrupted:
        raise KeyboardInterrupt
    same = [f for f in verdict.failures if f.clause in failed.clauses]
    return session.tally.submitted if same else None


def _command(load: StressLoad, seed: int, settings: Settings) -> str:
    order = StressOrder(jobs=load.jobs, concurrency=load.concurrency, loras=load.loras)
    where = [f"--miner={settings.miner_url}", f"--callback-base={settings.callback_base_url}"]
    size = "x".join(map(str, settings.image_size))
    where += [f"--size={size}", f"--steps={settings.inference_steps}"]
    return order.command(seed, iter(where))

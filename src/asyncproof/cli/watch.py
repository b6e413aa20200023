"""``cli watch``: follow the jobs of a live miner and report those that hang."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from asyncproof.cli.run import FLAGS
from asyncproof.cli.usage import usage_error
from asyncproof.driver.http_client import HttpClient
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryWriter
from asyncproof.liveness.clocks import Budgets
from asyncproof.settings import REFERENCE, SettingError, Settings, variable
from asyncproof.vocabulary import TERMINAL
from asyncproof.watching.looker import Looker, MinerLook
from asyncproof.watching.screen import MovingScreen, PlainScreen, Screen, summary
from asyncproof.watching.watch import FoundStall, Watch
from asyncproof.wire.dialect import dialect
from asyncproof.wire.profile import ServerProfileError

# A test run allows each job a few minutes; in production a healthy job may take far longer.
LONGEST_JOB = 1800.0
OFFERED = frozenset(
    {
        "endpoint",
        "profile",
        "step_timeout",
        "first_step_timeout",
        "preload_timeout",
        "download_timeout",
        "post_process_timeout",
        "process_timeout",
        "silence_timeout",
        "job_timeout",
        "least_rate",
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to watch, and for how long at most (seconds)."""

    url: str
    job_ids: tuple[str, ...]
    settings: Settings
    interval: float
    longest: float | None
    jsonl: Path | None


@click.command()
@click.argument("url")
@click.argument("job_ids", nargs=-1, metavar="[JOB_ID]...")
@click.option("--interval", default=2.0, help="Seconds between two checks [2].")
@click.option("--for", "longest", type=float, help="Stop after this many seconds.")
@click.option(
    "--jsonl", type=click.Path(dir_okay=False, path_type=Path), help="Append findings to FILE."
)
def watch(
    url: str,
    job_ids: tuple[str, ...],
    interval: float,
    longest: float | None,
    jsonl: Path | None,
    **given: str | None,
) -> None:
    """Follow the jobs of the miner at URL (those it lists under /jobs, or the given ones).

    Each hang is reported as soon as it is certain. Stops with Ctrl-C, or when all given jobs have
    ended. Exit codes: 0 nothing hung, 1 something did, 4 there was no job to follow.
    """
    if not 0.01 <= interval <= 3600:
        usage_error(f"--interval {interval:g}: expected 0.01 to 3600 seconds")
    settings = _settings(url, given)
    order = Order(settings.miner_url, job_ids, settings, interval, longest, jsonl)
    try:
        sys.exit(asyncio.run(_Watcher(order).run()))
    except BrokenPipeError:  # nobody reads on
        raise
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.SETUP_FAILED)


for flag, name, text in FLAGS:
    if name in map(variable, OFFERED):
        watch.params.append(click.Option([flag], help=f"{text} ({name})"))


def _settings(url: str, given: dict[str, str | None]) -> Settings:
    """From the environment and the flags, with a longer default for the total time of a job."""
    texts = {name: text for name, text in given.items() if text is not None}
    try:
        settings = Settings.from_environ().override(texts)
        settings = settings.override({"miner_url": "" if url == REFERENCE else url})
        dialect(settings.profile_name)
    except ServerProfileError as error:
        usage_error(str(error))
    except SettingError as error:
        wrong_url = str(error).startswith(variable("miner_url"))
        told = f"{url!r} is not a url; expected one such as http://localhost:8091"
        usage_error(told if wrong_url else str(error))
    if "job_timeout" not in settings.given:
        settings = replace(settings, job_timeout=LONGEST_JOB)
    return settings


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Where findings go: the screen, and the file where one was asked for."""

    screen: Screen
    writer: HistoryWriter | None

    def tell(self, line: str) -> None:
        self.screen.tell(line)


@contextmanager
def _outputs(jsonl: Path | None) -> Iterator[_Outputs]:
    with ExitStack() as stack:
        writer = stack.enter_context(HistoryWriter(jsonl)) if jsonl else None
        screen = MovingScreen(Console()) if sys.stdout.isatty() else PlainScreen(click.echo)
        stack.callback(screen.close)
        yield _Outputs(screen, writer)


class _Watcher:
    """The loop of one watch: poll, judge, report, wait."""

    def __init__(self, order: Order) -> None:
        self._order = order
        budgets = Budgets.of(order.settings)
        if order.job_ids:
            # Without the whole list, a stuck queue looks the same as one that serves others.
            budgets = replace(budgets, process=inf)
        self._silence = budgets.silence
        self._watch, self._name = Watch(budgets), urlsplit(order.url).netloc
        self._open = {job_id: job_id for job_id in order.job_ids}
        self._settled = list[str]()
        self._began = time.monotonic()

    def _clock(self) -> float:
        return time.monotonic() - self._began

    async def run(self) -> ExitCode:
        """Watch until there is nothing left to watch, or until interrupted."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: task and task.cancel())
        with suppress(asyncio.CancelledError):
            spoken = dialect(self._order.settings.profile_name)
            connecting = HttpClient.connected(self._order.url, self._clock, dialect=spoken)
            async with connecting as client:
                looker = Looker(client, spoken, self._silence)
                first = await self._look(looker)
                self._refuse(first)
                with _outputs(self._order.jsonl) as outputs:
                    jobs = ", ".join(self._order.job_ids) or "its jobs"
                    outputs.tell(f"Watching {jobs} at {self._order.url}; Ctrl-C stops it")
                    await self._follow(looker, outputs, first)
        click.echo(f"Ended: {summary(self._watch)}")
        return self._exit_code()

    async def _follow(self, looker: Looker, outputs: _Outputs, look: MinerLook) -> None:
        while True:
            self._take(look, outputs)
            now = self._clock()
            if (self._order.job_ids and not self._open) or now >= (self._order.longest or now + 1):
                return
            await asyncio.sleep(self._order.interval)
            look = await self._look(looker)

    async def _look(self, looker: Looker) -> MinerLook:
        return await (looker.at(list(self._open)) if self._open else looker.all())

    def _take(self, look: MinerLook, outputs: _Outputs) -> None:
        now, watch = self._clock(), self._watch
        for row in look.rows:
            watch.saw(now, row)
            if row.status in TERMINAL and row.job_id in self._open:
                outputs.tell(f"Job {row.job_id} is {row.status}")
                self._settled.append(self._open.pop(row.job_id))
        for job_id in look.unknown:
            outputs.tell(f"{self._name} does not know job {job_id} (or no longer)")
            self._open.pop(job_id, None)
            watch.gone(now, job_id)
        if look.whole:
            watch.keep_only(now, {row.job_id for row in look.rows})
        self._report(now, outputs)
        outputs.screen.show(now, watch, look.error or look.no_list)

    def _report(self, now: float, outputs: _Outputs) -> None:
        for watched, diagnosis in self._watch.news(now):
            line = diagnosis.line(self._name, watched.job_id)
            outputs.tell(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")
            if outputs.writer is not None:
                found = FoundStall(
                    at=now,
                    wall=time.time(),
                    job_id=watched.job_id,
                    diagnosis=diagnosis,
                    line=line,
                    model=watched.model,
                )
                outputs.writer.append(found)

    def _refuse(self, first: MinerLook) -> None:
        """Stop if there is nothing to follow, and say what to do about it."""
        if first.error and not first.rows:
            click.echo(
                f"Error: Miner server unavailable: {self._order.url}: {first.error}. "
                "Start the miner, or correct the url",
                err=True,
            )
            sys.exit(ExitCode.SETUP_FAILED)
        if first.no_list:
            usage_error(
                f"this miner lists no jobs ({first.no_list}); "
                f"give their ids: cli watch {self._order.url} JOB_ID..."
            )
        if first.unknown and len(first.unknown) == len(self._order.job_ids):
            usage_error(f"{self._name} knows none of these jobs: {', '.join(first.unknown)}")

    def _exit_code(self) -> ExitCode:
        if self._watch.stalls:
            return ExitCode.FINDINGS
        return ExitCode.PASS if self._watch.seen or self._settled else ExitCode.INCONCLUSIVE

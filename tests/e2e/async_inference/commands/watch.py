"""``cli watch``: follow the jobs of a live miner and say which of them hang."""

import asyncio
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.commands.run import FLAGS
from tests.e2e.async_inference.commands.usage import usage_error
from tests.e2e.async_inference.exchange import Exchange
from tests.e2e.async_inference.liveness import Budgets
from tests.e2e.async_inference.watching.looker import Look, Looker
from tests.e2e.async_inference.watching.screen import MovingScreen, PlainScreen, Screen, summary
from tests.e2e.async_inference.watching.watch import Found, Watch
from tests.harness.exit_codes import ExitCode
from tests.harness.history import HistoryWriter
from tests.harness.settings import REFERENCE, SettingError, Settings, variable

# A run gives each job a few minutes; a miner at work may need far longer for an honest one.
LONGEST_JOB = 1800.0
OFFERED = frozenset(
    {
        "endpoint",
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
@click.option("--interval", default=2.0, help="Seconds between two looks [2].")
@click.option("--for", "longest", type=float, help="End after so many seconds.")
@click.option("--jsonl", type=click.Path(dir_okay=False, path_type=Path), help="Append to FILE.")
def watch(
    url: str,
    job_ids: tuple[str, ...],
    interval: float,
    longest: float | None,
    jsonl: Path | None,
    **given: str | None,
) -> None:
    """Follow the jobs of the miner at URL (those it lists under /jobs, or the given ones).

    Each hang is told as soon as it is certain. Ends with Ctrl-C, or when all given jobs have ended:
    0 if nothing hung, 1 if something did, 4 if there was no job to follow.
    """
    if not 0.01 <= interval <= 3600:
        usage_error(f"--interval {interval:g}: expected 0.01 to 3600 seconds")
    settings = _settings(url, given)
    order = Order(settings.miner_url, job_ids, settings, interval, longest, jsonl)
    try:
        sys.exit(asyncio.run(_Watcher(order).run()))
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.SETUP_FAILED)


for flag, name, text in FLAGS:
    if name in map(variable, OFFERED):
        watch.params.append(click.Option([flag], help=f"{text} ({name})"))


def _settings(url: str, given: dict[str, str | None]) -> Settings:
    """From the environment and the flags. Without a limit for a job, a miner's own is assumed."""
    texts = {name: text for name, text in given.items() if text is not None}
    try:
        settings = Settings.from_environ().override(texts)
        settings = settings.override({"miner_url": "" if url == REFERENCE else url})
    except SettingError as error:
        wrong_url = str(error).startswith(variable("miner_url"))
        told = f"{url!r} is no url of a miner; expected one such as http://localhost:8091"
        usage_error(told if wrong_url else str(error))
    if "job_timeout" not in settings.given:
        settings = replace(settings, job_timeout=LONGEST_JOB)
    return settings


class _Watcher:
    """The loop of one watch: look, judge, tell, wait."""

    def __init__(self, order: Order) -> None:
        self._order = order
        budgets = Budgets.of(order.settings)
        if order.job_ids:
            # Whoever sees some jobs only cannot tell a queue that stands from one that others use.
            budgets = replace(budgets, process=inf)
        self._silence = budgets.silence
        self._watch, self._name = Watch(budgets), urlsplit(order.url).netloc
        self._open = {job_id: job_id for job_id in order.job_ids}
        self._settled = list[str]()
        self._began = time.monotonic()

    def _clock(self) -> float:
        return time.monotonic() - self._began

    async def run(self) -> ExitCode:
        """Watch until there is nothing more to watch, or until somebody ends it."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: task and task.cancel())
        with suppress(asyncio.CancelledError):
            async with Exchange(self._order.url, self._clock) as exchange:
                paths = protocol.Paths(self._order.settings.endpoint)
                self._looker = Looker(exchange, paths, self._silence)
                first = await self._look()
                self._refuse(first)
                with ExitStack() as stack:
                    self._open_outputs(stack)
                    await self._follow(first)
        click.echo(f"Ended: {summary(self._watch)}")
        return self._exit_code()

    def _open_outputs(self, stack: ExitStack) -> None:
        path = self._order.jsonl
        self._writer = stack.enter_context(HistoryWriter(path)) if path else None
        self._screen = _screen()
        stack.callback(self._screen.close)
        jobs = ", ".join(self._order.job_ids) or "its jobs"
        self._screen.tell(f"Watching {jobs} at {self._order.url}; Ctrl-C ends it")

    async def _follow(self, look: Look) -> None:
        while True:
            self._take(look)
            now = self._clock()
            if (self._order.job_ids and not self._open) or now >= (self._order.longest or now + 1):
                return
            await asyncio.sleep(self._order.interval)
            look = await self._look()

    async def _look(self) -> Look:
        return await (self._looker.at(list(self._open)) if self._open else self._looker.all())

    def _take(self, look: Look) -> None:
        now, watch = self._clock(), self._watch
        for row in look.rows:
            watch.saw(now, row)
            if row.status in protocol.TERMINAL and row.job_id in self._open:
                self._screen.tell(f"Job {row.job_id} is {row.status}")
                self._settled.append(self._open.pop(row.job_id))
        for job_id in look.unknown:
            self._screen.tell(f"{self._name} does not know job {job_id} (any more)")
            self._open.pop(job_id, None)
            watch.gone(now, job_id)
        if look.whole:
            watch.keep_only(now, {row.job_id for row in look.rows})
        self._tell(now)
        self._screen.show(now, watch, look.error or look.no_list)

    def _tell(self, now: float) -> None:
        for watched, diagnosis in self._watch.news(now):
            line = diagnosis.line(self._name, watched.job_id)
            self._screen.tell(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}")
            if self._writer is not None:
                found = Found(
                    at=now,
                    wall=time.time(),
                    job_id=watched.job_id,
                    diagnosis=diagnosis,
                    line=line,
                    model=watched.model,
                )
                self._writer.append(found)

    def _refuse(self, first: Look) -> None:
        """End where there is nothing to follow, and say what to do about it."""
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
                f"name them: cli watch {self._order.url} JOB_ID..."
            )
        if first.unknown and len(first.unknown) == len(self._order.job_ids):
            usage_error(f"{self._name} knows none of these jobs: {', '.join(first.unknown)}")

    def _exit_code(self) -> ExitCode:
        if self._watch.stalls:
            return ExitCode.FINDINGS
        return ExitCode.PASS if self._watch.seen or self._settled else ExitCode.INCONCLUSIVE


def _screen() -> Screen:
    if sys.stdout.isatty():
        return MovingScreen(Console())
    return PlainScreen(click.echo)

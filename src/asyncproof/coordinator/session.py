"""One call of the coordinator: opens or resumes a run's folder, runs, writes the reports."""

import asyncio
import hashlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.admission import Room, require_room
from asyncproof.coordinator.exit_reason import ExitReason, ProcessEnd, gravest
from asyncproof.coordinator.local import free_ports
from asyncproof.coordinator.report.write import write_junit, write_reports
from asyncproof.coordinator.result import SuiteResult
from asyncproof.coordinator.run import Backend, Coordinator, SuitesPlan, conclude_attempt, not_run
from asyncproof.coordinator.suites import Suite, SuitesError, load, select
from asyncproof.harness.history_file import HistoryWriter

T = TypeVar("T")
PastAttempts = dict[str, dict[int, ProcessEnd]]


@dataclass(frozen=True, slots=True)
class SuitesOptions:
    """The options of the command line; times in seconds. ``env`` overrides what suites declare."""

    suites: Path
    reports: Path
    room: Room
    deadline: float
    retries: int
    stall_after: float
    shards: int
    env: Mapping[str, str] = field(default_factory=dict)
    backend: str = "local"


@dataclass(frozen=True, slots=True)
class SuitesSession:
    """A run that is ready to go. ``say`` takes (suite, line)."""

    plan: SuitesPlan
    suites: tuple[Suite, ...]
    past: PastAttempts
    options: SuitesOptions

    async def run(self, backend: Backend, say: Callable[[str, str], None]) -> list[SuiteResult]:
        """End what an earlier coordinator left running, run, and write every report to the folder.

        SIGINT and SIGTERM end the suites; their results are still reported.
        """
        folder = self.plan.folder
        with HistoryWriter(folder / jr.NAME) as journal:
            await self._begin(backend, journal, say)
            coordinator = Coordinator(
                self.plan, backend, journal, say, lambda r: write_junit(folder, r), self.past
            )
            results = await until_signal(coordinator.run(self.suites))
            write_reports(folder, results)
            code = gravest([result.exit_code for result in results])
            journal.append(jr.SuitesEnded(at=0, exit_code=int(code)))
        return results

    async def _begin(
        self, backend: Backend, journal: HistoryWriter, say: Callable[[str, str], None]
    ) -> None:
        if journal.path.stat().st_size == 0:
            names = tuple(dict.fromkeys(suite.family for suite in self.suites))
            shard = self.suites[0].shard
            journal.append(
                jr.SuitesStarted(
                    at=0,
                    run=self.plan.run,
                    suites=names,
                    wall=time.time(),
                    pid=os.getpid(),
                    shards=shard.count if shard else 1,
                    backend=self.options.backend,
                    env=tuple(self.options.env),
                    env_digest=_digest(self.options.env, self.plan.run),
                )
            )
            return
        reaped = await backend.reap(self.plan.run)
        for what in reaped:
            say(self.suites[0].name, f"[left by an earlier coordinator, now ended: {what}]")
        resumed = jr.RunResumed(at=0, wall=time.time(), pid=os.getpid(), reaped=tuple(reaped))
        journal.append(resumed)


async def until_signal(work: Coroutine[None, None, T]) -> T:
    """What ``work`` returns; SIGINT and SIGTERM cancel it."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task


def start(options: SuitesOptions, names: Sequence[str]) -> SuitesSession:
    """A new run in its own folder.

    Raises:
        SuitesError: the suites file or a name in the call cannot be used.
    """
    run = time.strftime("%Y%m%d-%H%M%S") + "-" + secrets.token_hex(3)
    folder = (options.reports / f"coordinator-{run}").resolve()
    session = _session(options, run=run, folder=folder, names=names, shards=options.shards, past={})
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        told = f"{folder}: {error.strerror}; choose a writable folder with --reports"
        raise SuitesError(told) from error
    return session


def resume(options: SuitesOptions, folder: Path) -> SuitesSession:
    """Continue a run: results stay; what was interrupted or never started is run.

    Raises:
        SuitesError: the folder has no run, its suites are no longer declared, or the rest would run
        elsewhere or against another target. HistoryError: the journal cannot be read.
    """
    past = _past(folder)
    if past.start is not None:
        _require_the_same(options, past.start)
    return _reopen(options, folder, past)


def report(options: SuitesOptions, folder: Path) -> list[SuiteResult]:
    """Write a run's reports from what is in its folder, and run nothing.

    Raises:
        SuitesError: the folder has no run, or its suites are no longer declared. HistoryError: the
        journal cannot be read.
    """
    session = _reopen(options, folder, _past(folder))
    results = [_last(session, suite) for suite in session.suites]
    write_reports(folder, results)
    return results


def _past(folder: Path) -> jr.Past:
    if not (folder / jr.NAME).exists():
        told = f"{folder} has no run (a comparison cannot be resumed); start a new one"
        raise SuitesError(told)
    return jr.replay(folder / jr.NAME)


def _require_the_same(options: SuitesOptions, start: jr.SuitesStarted) -> None:
    if options.backend != start.backend:
        raise SuitesError(
            f"this run was started with --backend {start.backend}; use the same again"
        )
    if _digest(options.env, start.run) != start.env_digest:
        names = " ".join(f"--env {name}=..." for name in start.env) or "no --env"
        raise SuitesError(f"this run was started with {names}; use the same again")


def _digest(env: Mapping[str, str], run: str) -> str:
    """The same for the same variables of the same run."""
    told = msgspec.json.encode([run, sorted(env.items())])
    return hashlib.sha256(told).hexdigest()


def _reopen(options: SuitesOptions, folder: Path, past: jr.Past) -> SuitesSession:
    if past.start is None:
        raise SuitesError(f"{folder} has a run that never started; start a new one")
    return _session(
        options,
        run=past.start.run,
        folder=folder.resolve(),
        names=past.start.suites,
        shards=past.start.shards,
        past=past.attempts,
    )


def _last(session: SuitesSession, suite: Suite) -> SuiteResult:
    """The last attempt at a suite, with the exit reasons of earlier ones."""
    before: list[ExitReason] = []
    result = not_run(suite, "the run ended before it")
    for number, ended in sorted(session.past.get(suite.name, {}).items()):
        result = conclude_attempt(session.plan.folder, suite, number, ended, before)
        before.append(result.ending)
    return result


def _session(
    options: SuitesOptions,
    *,
    run: str,
    folder: Path,
    names: Sequence[str],
    shards: int,
    past: PastAttempts,
) -> SuitesSession:
    declared, root = load(options.suites)
    suites = tuple(
        msgspec.structs.replace(suite, env={**suite.env, **options.env})
        for suite in select(declared, names, shards)
    )
    require_room(suites, options.room)
    plan = SuitesPlan(
        run=run,
        folder=folder,
        root=root,
        room=options.room,
        deadline=options.deadline,
        retries=options.retries,
        stall_after=options.stall_after,
        ports=free_ports,
    )
    return SuitesSession(plan, suites, past, options)

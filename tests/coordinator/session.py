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

from tests.coordinator import journal as jr
from tests.coordinator.admission import Room, require_room
from tests.coordinator.ending import Ended, Ending, gravest
from tests.coordinator.local import free_ports
from tests.coordinator.report.write import write_junit, write_reports
from tests.coordinator.result import SuiteResult
from tests.coordinator.run import Backend, Coordinator, Plan, conclude_attempt, not_run
from tests.coordinator.suites import Suite, SuitesError, load, select
from tests.harness.history import HistoryWriter

T = TypeVar("T")
Past = dict[str, dict[int, Ended]]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; times in seconds. ``env`` goes before what suites declare."""

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
class Session:
    """A run that is ready to go. ``say`` takes (suite, line)."""

    plan: Plan
    suites: tuple[Suite, ...]
    past: Past
    options: Options

    async def run(self, backend: Backend, say: Callable[[str, str], None]) -> list[SuiteResult]:
        """Reap what an earlier coordinator left, run, and leave every report in the folder.

        SIGINT and SIGTERM end the suites; what they did is reported all the same.
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
            journal.append(jr.RunEnded(at=0, exit_code=int(code)))
        return results

    async def _begin(
        self, backend: Backend, journal: HistoryWriter, say: Callable[[str, str], None]
    ) -> None:
        if journal.path.stat().st_size == 0:
            names = tuple(dict.fromkeys(suite.family for suite in self.suites))
            shard = self.suites[0].shard
            journal.append(
                jr.RunStarted(
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


def start(options: Options, names: Sequence[str]) -> Session:
    """A new run in a folder of its own.

    Raises:
        SuitesError: the suites file or a name in the call cannot be used.
    """
    run = time.strftime("%Y%m%d-%H%M%S") + "-" + secrets.token_hex(3)
    folder = (options.reports / f"coordinator-{run}").resolve()
    session = _session(options, run=run, folder=folder, names=names, shards=options.shards, past={})
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        told = f"{folder}: {error.strerror}; name a folder that can be written with --reports"
        raise SuitesError(told) from error
    return session


def resume(options: Options, folder: Path) -> Session:
    """Go on with a run: what ended stays, what was cut off or never began is run.

    Raises:
        SuitesError: the folder is of no run, its suites are no longer declared, or the rest would
            run elsewhere or against something else than what has ended.
        HistoryError: the journal cannot be read.
    """
    past = _past(folder)
    if past.start is not None:
        _require_the_same(options, past.start)
    return _reopen(options, folder, past)


def report(options: Options, folder: Path) -> list[SuiteResult]:
    """Write a run's reports from what is in its folder, and run nothing.

    Raises:
        SuitesError: the folder is of no run, or its suites are no longer declared.
        HistoryError: the journal cannot be read.
    """
    session = _reopen(options, folder, _past(folder))
    results = [_last(session, suite) for suite in session.suites]
    write_reports(folder, results)
    return results


def _past(folder: Path) -> jr.Past:
    if not (folder / jr.NAME).exists():
        told = f"{folder} holds no run (a comparison cannot be gone on with); start a new one"
        raise SuitesError(told)
    return jr.replay(folder / jr.NAME)


def _require_the_same(options: Options, start: jr.RunStarted) -> None:
    if options.backend != start.backend:
        raise SuitesError(f"this run was started with --backend {start.backend}; say so again")
    if _digest(options.env, start.run) != start.env_digest:
        names = " ".join(f"--env {name}=..." for name in start.env) or "no --env"
        raise SuitesError(f"this run was started with {names}; say the same again")


def _digest(env: Mapping[str, str], run: str) -> str:
    """The same for the same variables of the same run."""
    told = msgspec.json.encode([run, sorted(env.items())])
    return hashlib.sha256(told).hexdigest()


def _reopen(options: Options, folder: Path, past: jr.Past) -> Session:
    if past.start is None:
        raise SuitesError(f"{folder} holds a run that never began; start a new one")
    return _session(
        options,
        run=past.start.run,
        folder=folder.resolve(),
        names=past.start.suites,
        shards=past.start.shards,
        past=past.attempts,
    )


def _last(session: Session, suite: Suite) -> SuiteResult:
    """The last attempt at a suite, with the endings of those before."""
    before: list[Ending] = []
    result = not_run(suite, "the run did not come to it")
    for number, ended in sorted(session.past.get(suite.name, {}).items()):
        result = conclude_attempt(session.plan.folder, suite, number, ended, before)
        before.append(result.ending)
    return result


def _session(
    options: Options, *, run: str, folder: Path, names: Sequence[str], shards: int, past: Past
) -> Session:
    declared, root = load(options.suites)
    suites = tuple(
        msgspec.structs.replace(suite, env={**suite.env, **options.env})
        for suite in select(declared, names, shards)
    )
    require_room(suites, options.room)
    plan = Plan(
        run=run,
        folder=folder,
        root=root,
        room=options.room,
        deadline=options.deadline,
        retries=options.retries,
        stall_after=options.stall_after,
        ports=free_ports,
    )
    return Session(plan, suites, past, options)

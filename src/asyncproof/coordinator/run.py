"""Runs suites in parallel on a backend, and judges each by its events."""

import asyncio
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from asyncproof.coordinator import events as ev
from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.admission import Room, admit
from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.build import SuiteRecord, build
from asyncproof.coordinator.exit_reason import INFRASTRUCTURE, ExitReason, ProcessEnd, Reason
from asyncproof.coordinator.result import SuiteResult, conclude
from asyncproof.coordinator.suites import Suite
from asyncproof.coordinator.tail import Follower, HeldFile, Stall, last_lines
from asyncproof.harness.history_file import HistoryError, HistoryWriter

LOOK_EVERY = 0.1  # seconds between two reads of what the suites have written


class Backend(Protocol):
    """Where suites run. Meanwhile it fills ``attempt.events`` and ``attempt.log``.

    ``one_machine``: all suites share this machine's ports, files and processors.
    """

    @property
    def one_machine(self) -> bool: ...

    async def run(self, attempt: SuiteAttempt) -> ProcessEnd:
        """Run to the end, ``attempt.deadline`` at most. When cancelled, end the suite."""
        ...

    async def reap(self, run: str) -> list[str]:
        """End and name what a dead coordinator of this run left running."""
        ...


@dataclass(frozen=True, slots=True)
class SuitesPlan:
    """How to run. Times in seconds; ``retries`` counts further attempts after infrastructure
    trouble; ``ports`` gives free ports for names; ``now`` is a monotonic clock."""

    run: str
    folder: Path
    root: Path
    room: Room
    deadline: float
    retries: int
    stall_after: float
    ports: Callable[[Sequence[str]], dict[str, int]]
    touched: bool = False
    now: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Coordinator:
    """One run. ``say`` takes (suite, line) for the terminal, ``done`` each result."""

    plan: SuitesPlan
    backend: Backend
    journal: HistoryWriter
    say: Callable[[str, str], None]
    done: Callable[[SuiteResult], None] = lambda _: None
    past: dict[str, dict[int, ProcessEnd]] = field(default_factory=dict)
    _began: float = 0.0
    _told: set[str] = field(default_factory=set)

    async def run(self, suites: Sequence[Suite]) -> list[SuiteResult]:
        """Run every suite and return the results in the order given.

        When cancelled, ends what runs and returns the results so far, so that none is lost.
        """
        self._began = self.plan.now()
        workers = ThreadPoolExecutor(3 * len(suites) + 4)  # each attempt may block in two threads
        asyncio.get_running_loop().set_default_executor(workers)
        results: dict[str, SuiteResult] = {}
        tasks: dict[asyncio.Task[SuiteResult], Suite] = {}
        try:
            await self._run_all(list(suites), tasks, results)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, SuiteResult):
                    results[outcome.suite] = outcome
        return [results.get(s.name) or not_run(s, "the run was ended") for s in suites]

    async def _run_all(
        self,
        waiting: list[Suite],
        tasks: dict[asyncio.Task[SuiteResult], Suite],
        results: dict[str, SuiteResult],
    ) -> None:
        while waiting or tasks:
            if self._left() <= 0:
                waiting.clear()
            for suite in admit(waiting, list(tasks.values()), self.plan.room):
                waiting.remove(suite)
                tasks[asyncio.create_task(self._run_suite(suite))] = suite
            self._tell_who_waits(waiting)
            if not tasks:
                return
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                results[tasks.pop(task).name] = task.result()
                self.done(task.result())

    def _tell_who_waits(self, waiting: Sequence[Suite]) -> None:
        """Once for each suite."""
        for suite in waiting:
            if suite.name not in self._told:
                self._told.add(suite.name)
                self.say(suite.name, "[waits until there is room for it]")

    async def _run_suite(self, suite: Suite) -> SuiteResult:
        """Attempt after attempt, as long as infrastructure trouble and retries last."""
        before: list[ExitReason] = []
        allowance = self.plan.retries
        for number, ended in sorted(self.past.get(suite.name, {}).items()):
            result = self._conclude(suite, number, ended, before)
            if not self._again(result, allowance):
                return result
            allowance -= ended.cause is not Reason.COORDINATOR_DIED
            before.append(result.ending)
        number = len(before)
        while True:
            number += 1
            result = await self._attempt(suite, number, before)
            if not self._again(result, allowance):
                return result
            self.say(suite.name, f"{result.ending.reason.value}: retrying")
            allowance -= 1
            before.append(result.ending)

    def _again(self, result: SuiteResult, allowance: int) -> bool:
        if result.ending.reason is Reason.COORDINATOR_DIED:
            return True
        retriable = result.ending.reason in INFRASTRUCTURE
        return retriable and allowance > 0 and self._left() > 0

    def _left(self) -> float:
        return self.plan.deadline - (self.plan.now() - self._began)

    async def _attempt(self, suite: Suite, number: int, before: list[ExitReason]) -> SuiteResult:
        attempt = SuiteAttempt(
            run=self.plan.run,
            suite=suite,
            number=number,
            folder=attempt_folder(self.plan.folder, suite.name, number),
            root=self.plan.root,
            deadline=max(0.0, min(suite.deadline, self._left())),
            ports=self.plan.ports(suite.ports),
            touched=self.plan.touched,
        )
        follower = Follower(HeldFile(attempt.log), HeldFile(attempt.events))
        self._note(jr.AttemptStarted(at=self._at(), suite=suite.name, number=number))
        following = asyncio.create_task(self._follow(suite.name, follower))
        try:
            ended = await self.backend.run(attempt)
        except asyncio.CancelledError:
            ended = ProcessEnd(
                cause=Reason.INTERRUPTED, told=("the coordinator was asked to stop",)
            )
        except Exception:  # a bug here must not lose the results of the other suites
            ended = ProcessEnd(cause=Reason.COORDINATOR_FAULT, told=(traceback.format_exc(),))
        finally:
            following.cancel()
            self._show(suite.name, follower)
            for line in follower.rest():
                self.say(suite.name, line)
            restored = follower.close()
        ended = replace(ended, told=(*ended.told, *restored))
        self._note(jr.AttemptEnded(at=self._at(), suite=suite.name, number=number, ended=ended))
        return self._conclude(suite, number, ended, before)

    def _conclude(
        self, suite: Suite, number: int, ended: ProcessEnd, before: Sequence[ExitReason]
    ) -> SuiteResult:
        return conclude_attempt(self.plan.folder, suite, number, ended, before)

    async def _follow(self, name: str, follower: Follower) -> None:
        now = self.plan.now()
        stall = Stall(self.plan.stall_after, now, now)
        while True:
            await asyncio.sleep(LOOK_EVERY)
            moved = self._show(name, follower)
            silent = stall.look(self.plan.now(), moved=moved)
            if silent is not None:
                self._warn(name, silent, tuple(follower.running))

    def _show(self, name: str, follower: Follower) -> bool:
        look = follower.look()
        if look.skipped:
            self.say(name, f"[{look.skipped} bytes not shown here; all of it: {follower.log.path}]")
        for line in look.lines:
            self.say(name, line)
        return look.moved

    def _warn(self, name: str, silent: float, running: tuple[str, ...]) -> None:
        what = f"running: {', '.join(running)}" if running else "no test is running"
        self.say(name, f"[no event for {silent:.0f} s; {what}]")
        self._note(jr.Stalled(at=self._at(), suite=name, silent=silent, running=running))

    def _note(self, event: jr.RunEvent) -> None:
        self.journal.append(event)

    def _at(self) -> float:
        return self.plan.now() - self._began


def not_run(suite: Suite, why: str) -> SuiteResult:
    return conclude(suite.name, SuiteRecord(), ProcessEnd(cause=Reason.NOT_RUN, told=(why,)))


def conclude_attempt(
    run: Path, suite: Suite, number: int, ended: ProcessEnd, before: Sequence[ExitReason]
) -> SuiteResult:
    """The result of an attempt, from the files in its folder."""
    folder = attempt_folder(run, suite.name, number)
    record, problem = read_record(folder / "events.ndjson")
    problem = ended.events_problem or problem
    log = replace(ended.log, path=str(folder / "log.txt"))
    ended = replace(ended, events_problem=problem, log=log)
    return conclude(suite.name, record, ended, tuple(before), last_lines(folder / "log.txt"))


def attempt_folder(run: Path, suite: str, number: int) -> Path:
    return run / suite / f"attempt-{number}"


def read_record(events: Path) -> tuple[SuiteRecord, str]:
    """The record of an event file, and what is wrong with the file."""
    try:
        history = ev.reader.salvage(events)
    except HistoryError as error:
        return SuiteRecord(), str(error)
    record = build(history.events)
    killed_in_the_middle = history.torn == (history.lines,) and not record.ended
    return record, "" if killed_in_the_middle else history.problem

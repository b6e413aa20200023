"""Runs each suite alone, then all together, and repeats the tests that differ."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import psutil

from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.admission import Room
from asyncproof.coordinator.attempt import TOUCHED
from asyncproof.coordinator.comparison import (
    Shared,
    TestDifference,
    Touch,
    differing,
    find_shared,
    observe,
)
from asyncproof.coordinator.exit_reason import gravest
from asyncproof.coordinator.report.write import write_reports
from asyncproof.coordinator.result import SuiteResult
from asyncproof.coordinator.run import Backend, Coordinator, SuitesPlan, attempt_folder
from asyncproof.coordinator.suites import Suite
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryWriter

Say = Callable[[str, str], None]
EVERYWHERE = Room(cores=float("inf"), memory=2**63)
BUSY = 0.9  # share of the machine's processor time that counts as used up
_decoder = msgspec.json.Decoder(Touch)


@dataclass(frozen=True, slots=True)
class ComparedSuite:
    """``busy`` is the share of this machine's processor time in use while all ran together; None if
    they ran elsewhere."""

    differences: tuple[TestDifference, ...]
    shared: tuple[Shared, ...]
    busy: float | None
    rounds: int
    together: tuple[SuiteResult, ...]
    slower: tuple[tuple[str, float, float], ...]

    @property
    def exit_code(self) -> ExitCode:
        """A test that differs is a finding, unless it fails as often alone."""
        if any(d.verdict != "chance" for d in self.differences):
            return ExitCode.FINDINGS
        return gravest([result.exit_code for result in self.together])


@dataclass(slots=True)
class SuiteComparison:
    """A comparison; the folder of ``plan`` gets a folder for each part, and its room is ignored,
    because all suites must run at the same time."""

    plan: SuitesPlan
    backend: Backend
    say: Say
    _until: float = 0.0
    _apart: list[SuiteResult] = field(default_factory=list)
    _joint: list[SuiteResult] = field(default_factory=list)

    async def run(self, suites: Sequence[Suite], repeats: int) -> ComparedSuite:
        """One round; then, while tests differ, up to ``repeats`` more, as far as the deadline
        allows. Leaves ``comparison.json`` in the folder."""
        self._until = self.plan.now() + self.plan.deadline
        await self._alone(suites, 1)
        before = psutil.cpu_times()
        await self._together(suites, 1)
        here = self.backend.one_machine
        busy = _busy(before, psutil.cpu_times()) if here else None
        shared = find_shared(self._touches(suites), one_machine=here)
        rounds = 1
        while self._differences(shared) and rounds <= repeats and self._left() > 0:
            rounds += 1
            await self._together(suites, rounds)
            await self._catch_up(suites, rounds)
        first = tuple(self._joint[: len(suites)])
        slower = _slower(self._apart[: len(suites)], first)
        differences = tuple(self._differences(shared))
        compared = ComparedSuite(differences, tuple(shared), busy, rounds, first, slower)
        (self.plan.folder / "comparison.json").write_bytes(_as_json(compared))
        return compared

    def _differences(self, shared: Sequence[Shared] = ()) -> list[TestDifference]:
        return differing(observe(self._apart), observe(self._joint), shared)

    async def _catch_up(self, suites: Sequence[Suite], rounds: int) -> None:
        """Suites with a test that differs, even if only now, run alone as often as together: of two
        that need the same port, either may fail."""
        concerned = {difference.suite for difference in self._differences()}
        for number in range(2, rounds + 1):
            ran = Counter(result.suite for result in self._apart)
            late = [s for s in suites if s.name in concerned and ran[s.name] < number]
            await self._alone(late, number)

    def _left(self) -> float:
        return self._until - self.plan.now()

    async def _alone(self, suites: Sequence[Suite], number: int) -> None:
        results: list[SuiteResult] = []
        for suite in suites:
            results += await self._part([suite], "alone", number, results)
        self._apart += results

    async def _together(self, suites: Sequence[Suite], number: int) -> None:
        self._joint += await self._part(suites, "together", number)

    async def _part(
        self,
        suites: Sequence[Suite],
        setting: str,
        number: int,
        earlier: Sequence[SuiteResult] = (),
    ) -> list[SuiteResult]:
        """Run these at the same time; the reports have them and those ``earlier`` in this
        folder."""
        name = f"{setting}-{number}"
        for suite in suites:
            self.say(suite.name, f"[{name}]")
        folder = self.plan.folder / name
        plan = replace(
            self.plan,
            run=f"{self.plan.run}-{setting[0]}{number}",  # the name of a Job has to be its own
            folder=folder,
            room=EVERYWHERE,
            deadline=max(0.0, self._left()),
            retries=0,
            touched=True,
        )
        with HistoryWriter(folder / jr.NAME) as journal:
            results = await Coordinator(plan, self.backend, journal, self.say).run(suites)
        write_reports(folder, [*earlier, *results])
        task = asyncio.current_task()
        if task and task.cancelling():  # the coordinator ended its suites; nothing more may start
            raise asyncio.CancelledError
        return results

    def _touches(self, suites: Sequence[Suite]) -> dict[str, list[Touch]]:
        together = self.plan.folder / "together-1"
        return {
            suite.name: read_touches(attempt_folder(together, suite.name, 1) / TOUCHED)
            for suite in suites
        }


def read_touches(path: Path) -> list[Touch]:
    """What a suite touched; nothing if there is no file. Incomplete lines, left by a kill or a lost
    part of the file, are skipped."""
    if not path.exists():
        return []
    touches = []
    for line in path.read_bytes().split(b"\n"):
        with suppress(msgspec.MsgspecError):
            touches.append(_decoder.decode(line))
    return touches


def _busy(before: object, after: object) -> float:
    names = ("idle", "user", "nice", "system")
    spent = {name: getattr(after, name, 0.0) - getattr(before, name, 0.0) for name in names}
    total = sum(spent.values())
    return 1 - spent["idle"] / total if total else 0.0


def _slower(
    alone: Sequence[SuiteResult], together: Sequence[SuiteResult]
) -> tuple[tuple[str, float, float], ...]:
    """Seconds alone and together, for each suite."""
    seconds = {result.suite: result.ended.took for result in alone}
    return tuple((r.suite, seconds.get(r.suite, 0.0), r.ended.took) for r in together)


def _as_json(compared: ComparedSuite) -> bytes:
    differences = [
        {**msgspec.to_builtins(each), "verdict": each.verdict} for each in compared.differences
    ]
    told = {
        "exit_code": int(compared.exit_code),
        "rounds": compared.rounds,
        "busy": compared.busy,
        "differences": differences,
        "shared": msgspec.to_builtins(compared.shared),
        "seconds": [
            {"suite": suite, "alone": alone, "together": together}
            for suite, alone, together in compared.slower
        ],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def explain(compared: ComparedSuite) -> list[str]:
    """The result for people, one line each."""
    lines = [f"{suite}: {a:.1f} s alone, {b:.1f} s together" for suite, a, b in compared.slower]
    if not compared.differences:
        lines.append("no test differs between alone and together (1 round each)")
    for difference in compared.differences:
        lines.append(str(difference))
        lines += [f"    it uses {thing}" for thing in difference.shared]
    lines += [f"shared: {thing}" for thing in compared.shared]
    return [*lines, _processor_time(compared.busy)]


def _processor_time(busy: float | None) -> str:
    if busy is None:
        return "processor time while together: unknown, because they did not run on this machine"
    used_up = ": used up, suites have to wait" if busy >= BUSY else ""
    return f"processor time while together: {busy:.0%} of the machine{used_up}"

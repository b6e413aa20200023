"""One stress run: opened, driven, judged as it goes, and told at its end."""

import secrets
import shutil
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncproof.driver.load_driver import LoadDriver
from asyncproof.driver.room import make_room
from asyncproof.facts.causes import PRIORITY
from asyncproof.facts.near_misses import MOMENT, NearMisses
from asyncproof.facts.proof import Proof
from asyncproof.harness import contract
from asyncproof.harness.processes import StartError
from asyncproof.harness.recorder import unwritable
from asyncproof.harness.verdict import CheckResult, Finding, Verdict
from asyncproof.history.events import AsyncEvent, Judged
from asyncproof.history.history import JobRecord
from asyncproof.history.recorder import Recorder
from asyncproof.receiver.limits import Limits
from asyncproof.run.late_checks import WHOLE_RUN
from asyncproof.run.preflight import SetupError
from asyncproof.run.reference_miner import reference_miner
from asyncproof.run.session import ANY_PORT, PROTOCOL, Interruptible
from asyncproof.run.testbed import Resources, Stream, Testbed
from asyncproof.settings import REFERENCE, Settings
from asyncproof.stress.control import Commanded
from asyncproof.stress.folding import Folding
from asyncproof.stress.ledger import Ledger
from asyncproof.stress.order import AIM, StressOrder
from asyncproof.stress.result import StressResult, proof_of, told
from asyncproof.stress.tally import Tally
from asyncproof.wire.dialect import dialect
from asyncproof.workload.aim import Aim
from asyncproof.workload.crowd import Crowd
from asyncproof.workload.shapes import LoadStage, Stages

NAME = "stress"
HOPELESS = 50  # jobs in a row of which none completes: there is nothing left to learn
MIB = 2**20
# The history has everything; the callback server lists the latest only.
LISTED = Limits(keep=1_000, keep_bytes=4 * MIB, connections=4_096)
NO_OVERLAP = "no two jobs were in flight together, so no race was tested"


@dataclass
class StressSession:
    """Opens everything in :meth:`run` and closes it again; nothing is left but the run's folder.

    ``begun`` is called with the run's folder, ``observe`` with each event, ``fresh`` with each
    finding as it is made. ``commanded`` sets how many jobs are in flight, in place of the order's
    shape. ``interruptible`` marks the work that Ctrl-C may end early. ``command`` sends the same
    submissions again.
    """

    settings: Settings
    order: StressOrder
    interruptible: Interruptible = nullcontext
    observe: Callable[[AsyncEvent, Tally], None] = lambda _event, _tally: None
    commanded: Commanded | None = None
    fresh: Callable[[Finding], None] = lambda _: None
    begun: Callable[[str], None] = lambda _: None
    command: str = ""
    seed: int = 0
    tally: Tally = field(default_factory=Tally)
    recorder: Recorder | None = None
    result: StressResult = field(init=False)
    near_misses: NearMisses = field(default_factory=NearMisses)
    stopped: str = ""
    interrupted: bool = False
    _folding: Folding | None = None
    _driver: LoadDriver | None = None
    _testbed: Testbed | None = None
    _aim: Aim | None = None
    _incomplete: str = ""
    _unavailable: str = ""
    _broken: str = ""

    def __post_init__(self) -> None:
        chosen = self.settings.run_seed
        self.seed = secrets.randbits(32) if chosen is None else chosen
        self.clauses = contract.load(PROTOCOL)
        spoken = dialect(self.settings.profile_name)
        self.levels = contract.levels(self.clauses) | dict(spoken.profile.levels)
        self.result = StressResult(verdict=Verdict(()), clauses=self.clauses)

    @property
    def folder(self) -> Path:
        return self.recorder.folder if self.recorder else self.settings.report_dir

    @property
    def proof(self) -> Proof:
        """What was exercised, and how often it failed."""
        return proof_of(self._folding, self.tally) if self._folding else Proof(0, 0, 0)

    @property
    def verdict(self) -> Verdict:
        return self.result.verdict

    @property
    def pressure(self) -> str:
        """What held the jobs back, and how late our own polls were; empty where nothing did."""
        if self._driver is None:
            return ""
        late = self._driver.lateness.seen
        told = [str(self._driver.pressure)] if str(self._driver.pressure) else []
        if self.tally.behind:
            told.append(
                f"our own polls left up to {late.largest:.2f} s late "
                f"(p99 {late.percentile(99):.3f} s)"
            )
        return "; ".join(told)

    def run(self) -> Verdict:
        """The verdict, whatever happened."""
        with ExitStack() as stack:
            try:
                self._open(stack)
                self._drive()
            except (SetupError, StartError) as error:
                self._unavailable = str(error)
            except OSError as error:
                self._unavailable = unwritable(self.folder, error)
            except KeyboardInterrupt:
                self.interrupted = True
                self._incomplete = self._incomplete or "interrupted while jobs were in flight"
            except Exception:  # as in _judged
                self._broken = traceback.format_exc()
            self._close()
        return self.verdict

    def _open(self, stack: ExitStack) -> None:
        settings, url = self.settings, self.settings.miner_url
        missing = make_room(self.order.connections, self.order.concurrency)
        if missing:
            raise SetupError(missing)
        if url == REFERENCE:
            url = stack.enter_context(reference_miner())
            if "callback_base_url" not in settings.given:
                settings = replace(settings, callback_base_url=ANY_PORT)
        recorder = self.recorder = Recorder(settings.report_dir, keep=False)
        self.begun(str(recorder.folder))
        settings = replace(settings, callback_folder=recorder.folder / "callbacks")
        ledger = stack.enter_context(Ledger(recorder.folder / "ledger.sqlite"))
        self._folding = Folding(
            recorder.path, ledger, self.levels, forget=self._forget, fresh=self.fresh
        )
        recorder.observers.append(self._take)
        resources = Resources(connections=self.order.connections, limits=LISTED, lean=True)
        self._testbed = Testbed.open(settings, url, recorder, seed=self.seed, resources=resources)

    def _drive(self) -> None:
        assert self._testbed is not None
        loras = self._testbed.offer.loras if self.order.loras else ()
        crowd = Crowd(self.seed, loras, self.order.part, self.order.parts)
        stream = Stream(
            name=NAME,
            stages=self._stages(),
            jobs=crowd.jobs(),
            enough=self._enough,
            ended=lambda _: None,
            begun=self._begun,
        )
        with self.interruptible():
            self._testbed.stream(stream)

    def _stages(self) -> Stages:
        if self.commanded is not None:
            return Stages((LoadStage(self.commanded),))
        if self.order.shape == AIM:
            self._aim = Aim(self.order.concurrency_here, self.seed)
            return Stages((LoadStage(self._aim),))
        return self.order.stages(self.seed)

    def _begun(self, driver: LoadDriver) -> None:
        self._driver = driver

    def _enough(self) -> bool:
        """Whether no further job is to leave; why, where that is before the order is fulfilled."""
        assert self._folding is not None
        assert self._driver is not None
        failing = self._folding.failing
        if self.order.until_failure and failing:
            self.stopped = f"a failure was found after {self.tally.submitted} jobs"
        elif failing >= self.order.most_failures:
            self.stopped = f"{failing} jobs had failed (--max-failures)"
        elif self._folding.in_a_row >= HOPELESS:
            self.stopped = f"none of the last {HOPELESS} jobs completed"
        mine = self.order.share
        commanded = self.commanded is not None and self.commanded.over.is_set()
        is_over = commanded or self._elapsed() >= self.order.seconds
        return bool(self.stopped) or self._driver.sent >= mine or is_over

    def _elapsed(self) -> float:
        return self.recorder.clock() if self.recorder else 0.0

    def _take(self, event: AsyncEvent) -> None:
        """Each event, on the thread of the testbed."""
        assert self.recorder is not None
        assert self._folding is not None
        self.tally.take(event)
        near = self.near_misses.take(event)
        if near is not None and self._aim is not None:
            self._aim.ended(near)
        self._folding.take(event, self.recorder.position)
        self.observe(event, self.tally)

    def _forget(self, job: JobRecord, sound: bool) -> None:
        if self._testbed is not None:
            self._testbed.forget(job, pictures=sound)

    def _close(self) -> None:
        results = self._judged() if self._testbed is not None else ()
        if not (self._incomplete or self._unavailable) and self._is_untested():
            self._incomplete = NO_OVERLAP
        verdict = Verdict(
            results,
            self.levels,
            incomplete=self._incomplete,
            unavailable=self._unavailable,
            fault=self._broken,
            priority=PRIORITY,
        )
        self.result = StressResult(verdict=verdict, clauses=self.clauses)
        if self._testbed is not None:
            self._testbed.close(self._incomplete or self._unavailable)
            self._tell(verdict)
        elif self.recorder is not None:  # a run that could not begin has nothing to report
            self.recorder.close()
            shutil.rmtree(self.recorder.folder, ignore_errors=True)
            self.recorder = None

    def _judged(self) -> tuple[CheckResult, ...]:
        assert self._folding is not None
        assert self.recorder is not None
        try:
            results = self._folding.results()
        except Exception:  # a fault of ours must not cost what was recorded
            self._broken += traceback.format_exc()
            return ()
        names = tuple(result.check for result in results)
        recorder = self.recorder
        recorder.record(Judged(at=recorder.clock(), scenario=WHOLE_RUN, checks=names))
        return results

    def _is_untested(self) -> bool:
        return self.order.concurrency > 1 and self.tally.accepted > 1 and self.tally.overlap < 2

    def _tell(self, verdict: Verdict) -> None:
        assert self.recorder is not None
        assert self._folding is not None
        recorder = self.recorder
        shutil.rmtree(recorder.folder / "callbacks", ignore_errors=True)
        try:
            self.result = told(
                verdict,
                self.clauses,
                self._folding,
                self.tally,
                folder=recorder.folder,
                command=self.command,
                notes=tuple(self._notes()),
                run=recorder.run,
                seed=self.seed,
                target=self.settings.miner_url,
                began=recorder.wall,
            )
        except Exception:  # as above
            verdict = replace(verdict, fault=verdict.fault + traceback.format_exc())
            self.result = replace(self.result, verdict=verdict)

    def _notes(self) -> Iterator[str]:
        near = self.near_misses
        yield (
            f"Near-misses: {near.count} of {near.jobs} jobs ended within {1000 * MOMENT:.0f} ms of "
            f"another, {near.overtaken} after one that was sent later"
        )
        if self.stopped:
            yield f"Stopped early: {self.stopped}"
        if self.pressure:
            yield f"Held back: {self.pressure}"

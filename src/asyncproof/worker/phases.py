"""The phases of a test of a ready worker.

Request a ``first answer`` at once, ``watch`` it idle, call its ``endpoints``, give it ``work``, let
it ``rest``, make its hive misbehave, pause its process for a while, and ``hang up`` on it. What
happens is recorded; nothing is judged.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence

from asyncproof.harness.processes import Supervised
from asyncproof.worker import events as ev
from asyncproof.worker.client import MANY_BYTES, Client
from asyncproof.worker.heartbeats import SCHEMAS
from asyncproof.worker.hive import HOSTILE, Hive, Mode
from asyncproof.worker.plan import WorkerPlan
from asyncproof.worker.record import (
    AFTER_HANG_UP,
    AT_STOP,
    ENDPOINTS,
    FIRST,
    FIRST_ASKED,
    HANG_UP,
    REST,
    STOPPED,
    WATCH,
    WORK,
)
from asyncproof.worker.recorder import WorkerRecorder

FIRST_TOKENS, PROBE_TOKENS, MORE_TOKENS = 8, 20, 32
HUNG_UP_LENGTH = 2.0  # seconds that an answer would take when a client hangs up on it
ASKED = 3  # requests to a page that answers late: the machine may be the cause
CLIENTS = 2  # concurrent generations in the work phase


class Phases:
    """Of one worker, named ``name``, with its hive and a client of its own."""

    def __init__(
        self,
        name: str,
        plan: WorkerPlan,
        recorder: WorkerRecorder,
        *,
        hive: Hive,
        process: Supervised,
        client: Client,
    ) -> None:
        self._name, self._plan, self._recorder = name, plan, recorder
        self._hive, self._process, self._client = hive, process, client
        self._limits, self._beats = plan.limits, plan.sends_heartbeats
        self._patience = self._limits.stale * self._limits.interval + self._limits.slack

    async def run(self) -> None:
        """All phases in turn, as long as the worker lives; others report its end."""
        with contextlib.suppress(_DiedError):
            await self._first()
            if self._beats:
                await self._watch()
            await self._endpoints()
            await self._work()
            if self._beats:
                await self._rest()
            if self._beats and self._plan.difficult_hive:
                for mode in HOSTILE:
                    await self._trouble(mode)
            if self._beats and self._plan.stop_process:
                await self._stopped()
            if style := self._style_for_last:
                await self._hang_up(style)

    def _phase(self, name: str) -> None:
        self._recorder.phase(self._name, name)

    def _need_life(self) -> None:
        if not self._process.running:
            raise _DiedError

    async def _pause(self, seconds: float) -> None:
        """Wait; ends early if the process dies."""
        end = self._recorder.clock() + seconds
        while (left := end - self._recorder.clock()) > 0:
            self._need_life()
            await asyncio.sleep(min(left, 0.1))

    async def _first(self) -> None:
        """Send a request at the moment of readiness, and repeat it for a while if it fails."""
        self._phase(FIRST)
        until = self._recorder.clock() + self._limits.stall
        while self._recorder.clock() < until:
            self._need_life()
            answer = await self._client.infer(self._styles[0], FIRST_ASKED, FIRST_TOKENS)
            if answer.late or _good(answer):
                return
            await self._pause(0.2)

    async def _watch(self) -> None:
        self._phase(WATCH)
        await self._pause(self._plan.watch)

    async def _endpoints(self) -> None:
        self._phase(ENDPOINTS)
        for ask in (self._client.health, self._client.ready):
            for _ in range(ASKED):
                if not (await ask()).late:
                    break
        for style in self._styles:
            self._need_life()
            await self._client.infer(style, "probe", PROBE_TOKENS)
            self._need_life()
            await self._client.infer(style, "many bytes", MORE_TOKENS, MANY_BYTES)

    @property
    def _styles(self) -> list[str]:
        profile = self._plan.profile
        styles = {"json": profile.inference, "stream": profile.stream}
        return [style for style, shape in styles.items() if shape is not None]

    async def _work(self) -> None:
        """Keep it busy for longer than heartbeats may be silent, and check its health."""
        self._phase(WORK)
        tokens = self._tokens_for(2 * self._limits.interval + self._limits.slack)
        began = self._recorder.clock()
        long = self._patience + self._limits.interval if self._beats else 1.0

        def goes_on() -> bool:
            return self._process.running and self._looked(began) < long

        async def keep_busy() -> None:
            while goes_on():
                answer = await self._client.infer(self._styles[-1], "work", tokens)
                if not _good(answer):
                    await self._pause(0.2)  # no storm of failing requests

        async def look() -> None:
            while goes_on():
                await self._pause(max(0.3, self._limits.interval))
                await self._client.health()

        await asyncio.gather(*(keep_busy() for _ in range(CLIENTS)), look())
        for level in self._plan.levels:
            await self._measure(level)
        self._need_life()

    async def _rest(self) -> None:
        """Idle time, long enough for at least two heartbeats."""
        self._phase(REST)
        await self._pause(2.2 * self._limits.interval + self._limits.slack)

    def _looked(self, since: float) -> float:
        """Seconds since then in which the suite could run: delays of a busy machine are granted to
        the worker, and would leave too little to judge."""
        stalls = self._recorder.of("", ev.RunnerStalled)
        return self._recorder.clock() - since - sum(s.seconds for s in stalls if s.at >= since)

    def _tokens_for(self, seconds: float) -> int:
        """How many tokens take about this long, based on good probes of the same style."""
        probes = [
            (g.tokens, g.at - g.began)
            for g in self._recorder.of(self._name, ev.Inferred)
            if g.style == self._styles[-1] and not g.error and not g.late
        ]
        longest = self._plan.profile.stream.longest if self._plan.profile.stream else 512
        return tokens_for(seconds, probes, longest)

    async def _measure(self, level: int) -> None:
        """``requests`` generations, ``level`` at a time."""
        waiting = list(range(max(self._plan.requests, level)))

        async def one_after_another() -> None:
            while waiting and self._process.running:
                waiting.pop()
                await self._client.infer(self._styles[-1], f"benchmark {level}", 64)

        await asyncio.gather(*(one_after_another() for _ in range(level)))

    async def _trouble(self, mode: Mode) -> None:
        """The hive misbehaves for at least two intervals, then works again."""
        self._phase(f"hive {mode}")
        beating = self._beats_since(self._recorder.clock() - self._patience)
        await self._hive.turn(mode)
        await self._pause(1.2 * self._limits.interval)
        await self._client.health()
        for style in self._working_styles():
            self._need_life()
            await self._client.infer(style, "probe", PROBE_TOKENS)
        await self._pause(1.2 * self._limits.interval)
        await self._hive.turn(Mode.OK)
        if beating:
            await self._beats_again()

    def _working_styles(self) -> list[str]:
        """The styles that worked undisturbed: others say nothing about the hive. An engine that
        fails under load would fail the other style too."""
        made = self._recorder.of(self._name, ev.Inferred)
        if any(g.purpose == "work" and _failed(g) for g in made):
            return []
        failed = {g.style for g in made if g.purpose == "probe" and _failed(g)}
        return [style for style in self._styles if style not in failed]

    @property
    def _style_for_last(self) -> str:
        """The style to hang up on, a stream if possible; none if the engine fails anyway."""
        made = self._recorder.of(self._name, ev.Inferred)
        last = {g.style: g for g in made if g.purpose in ("probe", "work", AFTER_HANG_UP)}
        return self._styles[-1] if last and all(map(_good, last.values())) else ""

    async def _hang_up(self, style: str) -> None:
        """Hang up during as many answers as there are slots, and then send one more request.

        Failed requests are repeated for a while: a worker may still be finishing abandoned answers.
        """
        self._phase(HANG_UP)
        tokens = self._tokens_for(min(HUNG_UP_LENGTH, self._limits.stop))
        for _ in range(self._plan.profile.slots):
            self._need_life()
            await self._client.hang_up(style, tokens, HUNG_UP_LENGTH / 4)
        until = self._recorder.clock() + self._limits.inference
        good = 0
        while good <= self._plan.profile.slots and self._recorder.clock() < until:
            self._need_life()
            answer = await self._client.infer(style, AFTER_HANG_UP, FIRST_TOKENS)
            good += _good(answer)
            if answer.late:
                break
            if not _good(answer):
                await self._pause(0.2)
        await self._says_ready()

    async def _says_ready(self) -> None:
        """Wait until a heartbeat says so, if heartbeats distinguish busy from ready."""
        since = self._recorder.clock()
        schema = SCHEMAS.get(self._plan.schema)
        if schema is None or not schema.tells_work:
            return

        def ready() -> bool:
            beats = self._recorder.of(self._name, ev.HeartbeatReceived)
            heard = (beat for beat in beats if beat.at > since + self._limits.slack)
            return not self._process.running or any(beat.state != "busy" for beat in heard)

        await self._recorder.until(ready, self._limits.inference)
        self._need_life()

    async def at_stop(self) -> "asyncio.Task[ev.Inferred] | None":
        """A generation in progress, which the end of the process interrupts."""
        style = self._style_for_last if self._process.running else ""
        if not style:
            return None
        known = len(self._recorder.of(self._name, ev.Inferred))
        tokens = self._tokens_for(min(HUNG_UP_LENGTH, 0.4 * self._limits.stop))
        task = asyncio.create_task(self._client.infer(style, AT_STOP, tokens))

        def over() -> bool:
            return len(self._recorder.of(self._name, ev.Inferred)) > known

        await self._recorder.until(over, 0.1 * self._limits.stop)
        return task

    def _beats_since(self, at: float) -> bool:
        beats = self._recorder.of(self._name, ev.HeartbeatReceived)
        return any(beat.at > at and beat.answered == 200 for beat in beats)

    async def _beats_again(self) -> None:
        since = self._recorder.clock()

        def again() -> bool:
            return not self._process.running or self._beats_since(since)

        await self._recorder.until(again, self._patience)
        self._need_life()

    async def _stopped(self) -> None:
        """Stop the process (SIGSTOP): nothing may send heartbeats for it meanwhile."""
        self._phase(STOPPED)
        beating = self._beats_since(self._recorder.clock() - self._patience)
        self._signal(signal.SIGSTOP)
        await self._pause(self._limits.slack + 2 * self._limits.interval)
        self._signal(signal.SIGCONT)
        if beating:
            await self._beats_again()

    def _signal(self, number: signal.Signals) -> None:
        if number is signal.SIGSTOP:
            self._process.send_signal(number)
        self._recorder.record(
            ev.Signalled(at=self._recorder.clock(), worker=self._name, signal=number.name)
        )
        if number is signal.SIGCONT:
            self._process.send_signal(number)


def tokens_for(seconds: float, probes: Sequence[tuple[int, float]], longest: int) -> int:
    """How many tokens to request so that they take about this long at the rate of these probes
    (tokens, seconds); at most ``longest``."""
    rates = [tokens / took for tokens, took in probes if tokens and took > 0]
    return max(1, min(longest, int(max(rates, default=PROBE_TOKENS) * seconds)))


def _good(answer: ev.Inferred) -> bool:
    return not _failed(answer) and not answer.problems


def _failed(answer: ev.Inferred) -> bool:
    return bool(answer.error or answer.late) or answer.status_code != 200


class _DiedError(Exception):
    """The worker's process has ended; there is nothing more to test."""

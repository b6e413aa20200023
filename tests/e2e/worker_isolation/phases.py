"""What is done to a worker that is ready, phase by phase.

``watch`` it idle, ask its ``endpoints``, give it ``work``, trouble its hive, and stop its process
for a while. What happens is recorded; nothing is judged.
"""

import asyncio
import contextlib
import signal
from collections.abc import Sequence

from tests.e2e.worker_isolation import events as ev
from tests.e2e.worker_isolation.client import Client
from tests.e2e.worker_isolation.hive import HOSTILE, Hive, Mode
from tests.e2e.worker_isolation.planned import Plan
from tests.e2e.worker_isolation.record import ENDPOINTS, STOPPED, WATCH, WORK
from tests.e2e.worker_isolation.recorder import Recorder
from tests.harness.processes import Supervised

PROBE_TOKENS = 20
ASKED = 3  # times that a page is asked which answers late: the machine may have taken the time
CLIENTS = 2  # generations at once during the work phase


class Phases:
    """Of one worker, named ``name``, with its hive and a client of its own."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        recorder: Recorder,
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
        """All phases in turn, as far as the worker lives: its end is for others to tell."""
        with contextlib.suppress(_DiedError):
            if self._beats:
                await self._watch()
            await self._endpoints()
            await self._work()
            if self._beats and self._plan.difficult_hive:
                for mode in HOSTILE:
                    await self._trouble(mode)
            if self._beats and self._plan.stop_process:
                await self._stopped()

    def _phase(self, name: str) -> None:
        self._recorder.phase(self._name, name)

    def _need_life(self) -> None:
        if not self._process.running:
            raise _DiedError

    async def _pause(self, seconds: float) -> None:
        """Let time pass; ends early when the process died."""
        end = self._recorder.now() + seconds
        while (left := end - self._recorder.now()) > 0:
            self._need_life()
            await asyncio.sleep(min(left, 0.1))

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

    @property
    def _styles(self) -> list[str]:
        profile = self._plan.profile
        styles = {"json": profile.inference, "stream": profile.stream}
        return [style for style, shape in styles.items() if shape is not None]

    async def _work(self) -> None:
        """Keep it busy for longer than heartbeats may be silent, and look at its health."""
        self._phase(WORK)
        tokens = self._tokens_for(2 * self._limits.interval + self._limits.slack)
        began = self._recorder.now()
        long = self._patience + self._limits.interval if self._beats else 1.0

        def goes_on() -> bool:
            return self._process.running and self._looked(began) < long

        async def keep_busy() -> None:
            while goes_on():
                answer = await self._client.infer(self._styles[-1], "work", tokens)
                if answer.error or answer.problems or answer.status_code != 200:
                    await self._pause(0.2)  # no storm of failing requests

        async def look() -> None:
            while goes_on():
                await self._pause(max(0.3, self._limits.interval))
                await self._client.health()

        await asyncio.gather(*(keep_busy() for _ in range(CLIENTS)), look())
        for level in self._plan.levels:
            await self._measure(level)
        self._need_life()

    def _looked(self, since: float) -> float:
        """Seconds since then in which the suite could look: what a busy machine takes from it is
        granted to the worker, and would leave too little to judge."""
        stalls = self._recorder.of("", ev.RunnerStalled)
        return self._recorder.now() - since - sum(s.seconds for s in stalls if s.at >= since)

    def _tokens_for(self, seconds: float) -> int:
        """How many tokens take about so long, by what good probes of the same style took."""
        probes = [
            (g.tokens, g.at - g.began)
            for g in self._recorder.of(self._name, ev.Inferred)
            if g.style == self._styles[-1] and not g.error and not g.late
        ]
        longest = self._plan.profile.stream.longest if self._plan.profile.stream else 512
        return tokens_for(seconds, probes, longest)

    async def _measure(self, level: int) -> None:
        """``requests`` generations, ``level`` at once."""
        waiting = list(range(max(self._plan.requests, level)))

        async def one_after_another() -> None:
            while waiting and self._process.running:
                waiting.pop()
                await self._client.infer(self._styles[-1], f"benchmark {level}", 64)

        await asyncio.gather(*(one_after_another() for _ in range(level)))

    async def _trouble(self, mode: Mode) -> None:
        """The hive is hostile for two intervals and more, and then good again."""
        self._phase(f"hive {mode}")
        beating = self._beats_since(self._recorder.now() - self._patience)
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
        """What answered in peace: the rest has nothing to say about the hive."""
        probes = [g for g in self._recorder.of(self._name, ev.Inferred) if g.purpose == "probe"]
        failed = {g.style for g in probes if g.error or g.status_code != 200}
        return [style for style in self._styles if style not in failed]

    def _beats_since(self, at: float) -> bool:
        beats = self._recorder.of(self._name, ev.HeartbeatReceived)
        return any(beat.at > at and beat.answered == 200 for beat in beats)

    async def _beats_again(self) -> None:
        since = self._recorder.now()

        def again() -> bool:
            return not self._process.running or self._beats_since(since)

        await self._recorder.until(again, self._patience)
        self._need_life()

    async def _stopped(self) -> None:
        """Stop the process without its knowledge: nothing may speak for it meanwhile."""
        self._phase(STOPPED)
        beating = self._beats_since(self._recorder.now() - self._patience)
        self._signal(signal.SIGSTOP)
        await self._pause(self._limits.slack + 2 * self._limits.interval)
        self._signal(signal.SIGCONT)
        if beating:
            await self._beats_again()

    def _signal(self, number: signal.Signals) -> None:
        if number is signal.SIGSTOP:
            self._process.send_signal(number)
        self._recorder.add(
            ev.Signalled(at=self._recorder.now(), worker=self._name, signal=number.name)
        )
        if number is signal.SIGCONT:
            self._process.send_signal(number)


def tokens_for(seconds: float, probes: Sequence[tuple[int, float]], longest: int) -> int:
    """How many tokens to ask for, so that they take about so long at the pace of these probes
    (tokens, seconds); never more than ``longest``."""
    rates = [tokens / took for tokens, took in probes if tokens and took > 0]
    return max(1, min(longest, int(max(rates, default=PROBE_TOKENS) * seconds)))


class _DiedError(Exception):
    """The worker's process has ended; there is nothing more to do to it."""

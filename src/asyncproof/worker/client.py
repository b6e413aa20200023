"""Sends requests to one worker and records its answers. It judges nothing and never raises."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from asyncproof.worker.answers import (
    LONGEST_KEPT,
    EventStream,
    StreamTally,
    decoded,
    endpoint_problems,
    read_answer,
    whole,
)
from asyncproof.worker.events import HungUp, Inferred, WorkerAnswered, WorkerLimits
from asyncproof.worker.profile import (
    Endpoint,
    Profile,
    StreamInference,
    at,
    fill,
    tells_limit,
)
from asyncproof.worker.recorder import WorkerRecorder

PROMPT = "Hello, how are you?"
MANY_BYTES = (
    "Grüße, 你好, привет, שלום, 🙂: how are you?"  # characters of two, three and four bytes
)
AFTER_END = 1.0  # seconds for a stream to close after its end mark
LONGEST_BODY = 10_000_000  # bytes


class Client:
    """For the worker ``worker`` at ``url``."""

    def __init__(
        self,
        worker: str,
        url: str,
        profile: Profile,
        limits: WorkerLimits,
        recorder: WorkerRecorder,
    ) -> None:
        self._worker, self._url, self._profile = worker, url, profile
        self._limits, self._recorder = limits, recorder
        # One connection per request: a reused connection may close at that moment, which is
        # nobody's fault.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        await self._session.close()

    async def health(self, record: bool = True) -> WorkerAnswered:
        return await self._ask("health", self._profile.health, record)

    async def ready(self, record: bool = True) -> WorkerAnswered:
        return await self._ask("ready", self._profile.ready, record)

    async def _ask(self, probe: str, endpoint: Endpoint, record: bool) -> WorkerAnswered:
        began = self._recorder.clock()
        facts: dict[str, Any] = {}
        try:
            async with (
                asyncio.timeout(self._limits.endpoint),
                self._session.get(self._url + endpoint.path) as answer,
            ):
                body = (await answer.content.read(LONGEST_BODY)).decode(errors="replace")
                facts = {"status_code": answer.status, "body": body[:LONGEST_KEPT]}
                facts["problems"] = endpoint_problems(endpoint, answer.status, body)
        except TimeoutError:
            facts = {"late": True, "error": f"no answer within {self._limits.endpoint:g} s"}
        except (aiohttp.ClientError, OSError) as error:
            facts = {"error": f"{type(error).__name__}: {error}"}
        now = self._recorder.clock()
        event = WorkerAnswered(at=now, worker=self._worker, probe=probe, took=now - began, **facts)
        if record:
            self._recorder.record(event)
        return event

    async def infer(
        self, style: str, purpose: str, max_tokens: int, prompt: str = PROMPT
    ) -> Inferred:
        """One generation, in the style ``json`` or ``stream``, recorded when it ends."""
        facts: dict[str, Any] = {
            "worker": self._worker,
            "style": style,
            "purpose": purpose,
            "began": self._recorder.clock(),
            "max_tokens": max_tokens,
        }
        tally = StreamTally(self._profile.stream, max_tokens) if self._profile.stream else None
        try:
            async with asyncio.timeout(self._limits.inference):
                if style == "json":
                    await self._json(facts, prompt)
                elif tally is not None:
                    await self._stream(tally, facts, prompt)
        except TimeoutError:
            nothing = style == "json" or tally is None or tally.last_event is None
            facts["late"] = facts.get("late") or ("answer" if nothing else "whole")
            facts["error"] = f"late: {facts['late']}"
        except (aiohttp.ClientError, OSError) as error:
            facts["error"] = f"{type(error).__name__}: {error}"
        if style == "stream" and tally is not None:
            facts |= _tallied(tally)
            if tally.error:
                facts["error"] = f"an error in the stream: {tally.error}"
            if facts.get("closed") and tally.last_event is None:
                facts["problems"] = ("stream: expected events, got none",)
        event = Inferred(at=self._recorder.clock(), **facts)
        self._recorder.record(event)
        return event

    async def hang_up(self, style: str, max_tokens: int, patience: float) -> None:
        """Send a request and hang up: after the first token of a stream, or after ``patience``
        seconds."""
        began = self._recorder.clock()
        facts: dict[str, Any] = {"max_tokens": max_tokens}
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
            if style == "stream" and self._profile.stream:
                tally = StreamTally(self._profile.stream, max_tokens)
                async with asyncio.timeout(self._limits.inference):
                    await self._stream(tally, facts, PROMPT, lambda: bool(tally.texts))
            else:
                async with asyncio.timeout(patience):
                    await self._json(facts, PROMPT)
        now = self._recorder.clock()
        self._recorder.record(HungUp(at=now, worker=self._worker, style=style, began=began))

    async def _json(self, facts: dict[str, Any], prompt: str) -> None:
        shape = self._profile.inference
        assert shape is not None
        body = fill(shape.body, prompt, facts["max_tokens"])
        facts["limited"] = tells_limit(shape.body)
        async with self._session.post(self._url + shape.path, json=body) as answer:
            text, wrong = decoded(await answer.content.read(LONGEST_BODY))
            facts["status_code"] = answer.status
            if answer.status != 200:
                facts["text"] = text[:LONGEST_KEPT]
                return
        read = read_answer(shape, text)
        facts["first_token"] = self._recorder.clock()
        encoding = [wrong] if wrong else []
        facts |= {"text": whole(read.text, encoding)[:LONGEST_KEPT], "tokens": read.tokens}
        facts |= {"closed": True, "encoding": tuple(encoding), "sums": read.sums}
        if read.error:
            facts["error"] = f"an error instead of an answer: {read.error}"
            return
        facts |= {"finish_reason": read.finish_reason, "problems": read.problems}

    async def _stream(
        self,
        tally: StreamTally,
        facts: dict[str, Any],
        prompt: str,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Read a stream to its end, or until there is ``enough`` of it."""
        facts |= {"limited": tells_limit(tally.shape.body), "reason_owed": tally.shape.names_reason}
        async with self._open_stream(tally.shape, facts, prompt) as answer:
            if answer is None:
                return
            facts["status_code"] = answer.status
            if answer.status != 200:
                facts["text"] = (await answer.text(errors="replace"))[:LONGEST_KEPT]
                return
            events = EventStream()
            while True:
                data = await self._read(answer, tally, facts)
                if not data:
                    facts["closed"] = not facts.get("late")
                    return
                for event, name in zip(events.feed(data), events.names, strict=True):
                    tally.take(event, self._recorder.clock(), name)
                tally.encoding += events.encoding
                events.encoding.clear()
                if enough():
                    return

    async def _read(
        self, answer: aiohttp.ClientResponse, tally: StreamTally, facts: dict[str, Any]
    ) -> bytes:
        """The next bytes; none at the end, or if they were too late (see ``late``)."""
        began = tally.last_event is not None
        limit = AFTER_END if tally.ends else self._limits.stall
        try:
            async with asyncio.timeout(limit if began else None):
                return await answer.content.readany()
        except TimeoutError:
            if not began:  # the deadline of the whole answer
                raise
            facts["late"] = "token"
            return b""

    @asynccontextmanager
    async def _open_stream(
        self, shape: StreamInference, facts: dict[str, Any], prompt: str
    ) -> AsyncIterator[aiohttp.ClientResponse | None]:
        body = fill(shape.body, prompt, facts["max_tokens"])
        async with self._session.post(self._url + shape.path, json=body) as answer:
            if not shape.url or answer.status >= 300:
                yield answer
                return
            try:
                url = at(await answer.json(content_type=None), shape.url)
            except ValueError:
                url = None
        if not isinstance(url, str):
            facts |= {"status_code": 200, "problems": (f"{shape.url}: expected a url",)}
            yield None
            return
        address = url if "://" in url else self._url + url
        async with self._session.get(address) as stream:
            yield stream


def _tallied(tally: StreamTally) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "tokens": len(tally.texts),
        "finish_reason": tally.finish_reason,
        "first_token": tally.first_token,
        "longest_gap": tally.longest_gap,
        "ends": tally.ends,
        "finished": tally.finished,
        "last_token": tally.last_token,
        "counted": tally.counted,
        "sums": tally.sums,
        "encoding": tuple(tally.encoding[:10]),
    }
    if tally.texts:
        facts["text"] = "".join(tally.texts)[:LONGEST_KEPT]
    if tally.problems:
        facts["problems"] = tuple(tally.problems[:10])
    return facts

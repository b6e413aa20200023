"""Asks one worker, and records what it answers. Nothing here judges, and nothing here raises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.e2e.worker_isolation.answers import (
    LONGEST_KEPT,
    EventStream,
    StreamTally,
    endpoint_problems,
    read_answer,
)
from tests.e2e.worker_isolation.events import Answered, Inferred, Limits
from tests.e2e.worker_isolation.profile import Endpoint, Profile, StreamInference, at, fill
from tests.e2e.worker_isolation.recorder import Recorder

PROMPT = "Hello, how are you?"
AFTER_END = 1.0  # seconds in which a stream has to close after its end mark
LONGEST_BODY = 10_000_000  # bytes


class Client:
    """For the worker ``worker`` at ``url``."""

    def __init__(
        self, worker: str, url: str, profile: Profile, limits: Limits, recorder: Recorder
    ) -> None:
        self._worker, self._url, self._profile = worker, url, profile
        self._limits, self._recorder = limits, recorder
        # A connection each: one that is closed while it is taken up again is nobody's fault.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        await self._session.close()

    async def health(self, record: bool = True) -> Answered:
        return await self._ask("health", self._profile.health, record)

    async def ready(self, record: bool = True) -> Answered:
        return await self._ask("ready", self._profile.ready, record)

    async def _ask(self, probe: str, endpoint: Endpoint, record: bool) -> Answered:
        began = self._recorder.now()
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
        now = self._recorder.now()
        event = Answered(at=now, worker=self._worker, probe=probe, took=now - began, **facts)
        if record:
            self._recorder.add(event)
        return event

    async def infer(self, style: str, purpose: str, max_tokens: int) -> Inferred:
        """One generation, in the style ``json`` or ``stream``, recorded when it is over."""
        facts: dict[str, Any] = {
            "worker": self._worker,
            "style": style,
            "purpose": purpose,
            "began": self._recorder.now(),
            "max_tokens": max_tokens,
        }
        tally = StreamTally(self._profile.stream, max_tokens) if self._profile.stream else None
        try:
            async with asyncio.timeout(self._limits.inference):
                if style == "json":
                    await self._json(facts)
                elif tally is not None:
                    await self._stream(tally, facts)
        except TimeoutError:
            nothing = style == "json" or tally is None or tally.last_event is None
            facts["late"] = facts.get("late") or ("answer" if nothing else "whole")
            facts["error"] = f"late: {facts['late']}"
        except (aiohttp.ClientError, OSError) as error:
            facts["error"] = f"{type(error).__name__}: {error}"
        if style == "stream" and tally is not None:
            facts |= _tallied(tally)
            if facts.get("closed") and tally.last_event is None:
                facts["problems"] = ("stream: expected events, got none",)
        event = Inferred(at=self._recorder.now(), **facts)
        self._recorder.add(event)
        return event

    async def _json(self, facts: dict[str, Any]) -> None:
        shape = self._profile.inference
        assert shape is not None
        body = fill(shape.body, PROMPT, facts["max_tokens"])
        async with self._session.post(self._url + shape.path, json=body) as answer:
            text = (await answer.content.read(LONGEST_BODY)).decode(errors="replace")
            facts["status_code"] = answer.status
            if answer.status != 200:
                facts["text"] = text[:LONGEST_KEPT]
                return
        read = read_answer(shape, text)
        facts["first_token"] = self._recorder.now()
        facts |= {"text": read.text[:LONGEST_KEPT], "tokens": read.tokens, "closed": True}
        facts |= {"finish_reason": read.finish_reason, "problems": read.problems}

    async def _stream(self, tally: StreamTally, facts: dict[str, Any]) -> None:
        async with self._open_stream(tally.shape, facts) as answer:
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
                for event in events.feed(data):
                    tally.take(event, self._recorder.now())

    async def _read(
        self, answer: aiohttp.ClientResponse, tally: StreamTally, facts: dict[str, Any]
    ) -> bytes:
        """The next bytes; none at the end, and where ``late`` tells that they did not come."""
        began = tally.last_event is not None
        limit = AFTER_END if tally.ends else self._limits.stall
        try:
            async with asyncio.timeout(limit if began else None):
                return await answer.content.readany()
        except TimeoutError:
            if not began:  # the deadline of the whole
                raise
            facts["late"] = "token"
            return b""

    @asynccontextmanager
    async def _open_stream(
        self, shape: StreamInference, facts: dict[str, Any]
    ) -> AsyncIterator[aiohttp.ClientResponse | None]:
        body = fill(shape.body, PROMPT, facts["max_tokens"])
        async with self._session.post(self._url + shape.path, json=body) as answer:
            if not shape.url or answer.status >= 300:
                yield answer
                return
            try:
                url = at(await answer.json(content_type=None), shape.url)
            except ValueError:
                url = None
        if not isinstance(url, str):
            facts |= {"status_code": 200, "problems": (f"{shape.url}: expected an address",)}
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
    }
    if tally.texts:
        facts["text"] = "".join(tally.texts)[:LONGEST_KEPT]
    if tally.problems:
        facts["problems"] = tuple(tally.problems[:10])
    return facts

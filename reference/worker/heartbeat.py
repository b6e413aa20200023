"""Heartbeats to the hive: who this worker is and what it is doing, every ``interval`` seconds."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

log = logging.getLogger(__name__)
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """The constant facts about a worker."""

    worker_id: str
    model: str
    backend: str
    device: int
    port: int


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat, before it is put into a schema. ``at`` is Unix time."""

    who: Identity
    state: str
    at: float


def document(beat: Beat) -> JsonObject:
    return {"worker_id": beat.who.worker_id, "timestamp": rfc3339(beat.at), "state": beat.state}


def health(beat: Beat) -> JsonObject:
    status = "degraded" if beat.state in ("starting", "stopped") else "healthy"
    return {
        "worker_id": beat.who.worker_id,
        "timestamp": rfc3339(beat.at),
        "health_status": status,
    }


def detailed(beat: Beat) -> JsonObject:
    worker = {
        "id": beat.who.worker_id,
        "model_id": beat.who.model,
        "device": f"{beat.who.backend}:{beat.who.device}",
        "port": beat.who.port,
        "status": beat.state,
        "implementation": "reference-worker",
        "version": "1",
    }
    return {"worker": worker, "timestamp": rfc3339(beat.at)}


SCHEMAS: dict[str, tuple[str, Callable[[Beat], JsonObject]]] = {
    "document": ("/heartbeat/workers", document),
    "health": ("/v1/heartbeat", health),
    "detailed": ("/v1/worker-heartbeat", detailed),
}


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


@dataclass(slots=True)
class Hive:
    """The hive's answers: whether the last one was an error, and whether one ever was. A late
    answer counts for neither."""

    refuses: bool = False
    ever_refused: bool = False


class Heart:
    """Sends heartbeats until cancelled, whatever the hive does, and keeps ``hive`` up to date.
    ``pause`` gives the seconds to the next beat, ``shape`` the body (None: leave this one out)."""

    def __init__(
        self,
        hive: Hive,
        hive_url: str,
        path: str,
        interval: float,
        *,
        pause: Callable[[], float],
        shape: Callable[[float], JsonObject | None],
    ) -> None:
        self._url = hive_url.rstrip("/") + path
        self._timeout = aiohttp.ClientTimeout(total=max(1.0, interval))
        self._hive, self._pause, self._shape = hive, pause, shape

    async def run(self) -> None:
        log.info("heartbeat task started: %s", self._url)
        sending: set[asyncio.Task[None]] = set()
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            try:
                while True:
                    if (body := self._shape(time.time())) is not None:
                        # Not awaited: a slow hive must not delay heartbeats.
                        task = asyncio.create_task(self._send(session, body))
                        sending.add(task)
                        task.add_done_callback(sending.discard)
                    await asyncio.sleep(self._pause())
            finally:
                for task in sending:
                    task.cancel()
                await asyncio.gather(*sending, return_exceptions=True)

    async def _send(self, session: aiohttp.ClientSession, body: JsonObject) -> None:
        try:
            async with session.post(self._url, json=body) as answer:
                self._hive.refuses = not answer.ok
                self._hive.ever_refused |= not answer.ok
                self._note("" if answer.ok else f"status {answer.status}")
        except TimeoutError:
            self._note("no answer in time")
        except aiohttp.ClientError as error:
            self._note(f"{type(error).__name__}: {error}")

    def _note(self, problem: str) -> None:
        if problem:
            log.warning("the hive did not accept a heartbeat: %s", problem)

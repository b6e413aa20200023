"""Tells a command or a url about each damaged picture, as a line of JSON."""

import asyncio
import json
import logging
import shlex
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import aiohttp

from asyncproof.history.events import Delivered, NemesisActed

PATIENCE = 30.0  # seconds for a command to end, or a url to answer
MOST_WAITING = 10_000  # pictures
_log = logging.getLogger(__name__)


class PictureProblem(Protocol):
    """What is wrong with a picture; empty if nothing is."""

    @property
    def problem(self) -> str: ...


LookAt = Callable[[Path], Awaitable[PictureProblem]]


class Notifier:
    """Judges each stored picture, one after the other, and tells ``target`` of the damaged ones.

    ``target`` is a url (http or https) that gets a POST, or a command with its arguments, which is
    run without a shell and gets the line on its standard input. Each picture is told of once;
    what did not work is logged. A callback never waits for any of it.
    """

    def __init__(
        self, target: str, folder: Path, look_at: LookAt, *, patience: float = PATIENCE
    ) -> None:
        self._target = target
        self._folder = folder
        self._look = look_at
        self._patience = patience
        self._waiting: deque[Delivered] = deque()
        self._wake = asyncio.Event()

    def __call__(self, event: Delivered | NemesisActed) -> None:
        """Note a delivery; its picture is judged soon."""
        if isinstance(event, NemesisActed) or event.image is None or not event.stored:
            return
        if len(self._waiting) >= MOST_WAITING:
            _log.warning("--notify: %s was not judged: too many wait", event.image.path)
            return
        self._waiting.append(event)
        self._wake.set()

    async def run(self) -> None:
        """Judge and tell, until cancelled."""
        while True:
            while self._waiting:
                await self._look_at(self._waiting.popleft())
            self._wake.clear()
            await self._wake.wait()

    async def _look_at(self, event: Delivered) -> None:
        assert event.image is not None
        judged = await self._look(self._folder / event.image.path)
        if not judged.problem:
            return
        told = {
            "number": event.number,
            "job_id": event.fields.get("job_id"),
            "problem": judged.problem,
            "image": {"path": event.image.path, "size": event.image.size,
                      "sha256": event.image.sha256},
        }  # fmt: skip
        try:
            async with asyncio.timeout(self._patience):
                trouble = await self._tell(json.dumps(told))
        except (OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
            trouble = f"{type(error).__name__}: {error}"
        if trouble:
            _log.warning("--notify: nobody was told of %s: %s", event.image.path, trouble)

    async def _tell(self, line: str) -> str:
        """Why it did not work; empty if it did."""
        if self._target.startswith(("http://", "https://")):
            return await _post(self._target, line)
        return await _run(shlex.split(self._target), line)


async def _post(url: str, line: str) -> str:
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=line + "\n", headers=headers, allow_redirects=False) as answer,
    ):
        return "" if answer.status < 300 else f"the answer was {answer.status}"


async def _run(command: list[str], line: str) -> str:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=null, stderr=null)
    try:
        await process.communicate(f"{line}\n".encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return "" if process.returncode == 0 else f"the command ended with {process.returncode}"

"""Keeps each delivered or downloaded picture once, in the run's folder, and examines it."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tests.e2e.async_inference.events import Compared, Examined, File, Learned
from tests.e2e.async_inference.evidence import Tolerance, difference, evidence, learn
from tests.harness.history import Event

T = TypeVar("T")
# Levels of 255. What is computed for several jobs at once is added up in another order than for one
# alone: a miner that is exact in quiet may be off by so much under load. Nobody can see it.
MADE_TOGETHER = 2
SUFFIX = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


class Keeper:
    """Pictures of one run, by their SHA-256, in ``folder``/pictures.

    Examinations run in ``pool`` while the run goes on, so that the verdict need not wait for them.
    """

    def __init__(
        self,
        folder: Path,
        pool: Executor,
        *,
        clock: Callable[[], float],
        record: Callable[[Event], None],
    ) -> None:
        self._folder, self._pool = folder, pool
        self._clock, self._record = clock, record
        self._done = set[tuple[object, ...]]()
        self._running = set[asyncio.Task[None]]()

    async def keep(self, content: bytes, content_type: str) -> File:
        """Keep a downloaded artifact."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest, content[:4])
        if not path.exists():
            part = path.with_suffix(f".part-{os.getpid()}")
            part.write_bytes(content)
            part.replace(path)
        return File(
            path=self._relative(path), sha256=digest, size=len(content), content_type=content_type
        )

    def adopt(self, file: File, source: Path) -> File:
        """Keep a picture that the callback server stored at ``source``: one file, two names."""
        with source.open("rb") as picture:
            path = self._path(file.sha256, picture.read(4))
        if not path.exists():
            try:
                os.link(source, path)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(source, path)
        return msgspec.structs.replace(file, path=self._relative(path))

    def examine(self, file: File, expected: tuple[int, int]) -> None:
        """Judge the picture in the background, once for each expected size."""
        self._once(("examine", file.sha256, expected), lambda: self._examine(file, expected))

    def compare(
        self, file: File, twin: File, allowed: Tolerance, others: Sequence[tuple[str, File]]
    ) -> None:
        """Lay the picture beside its quiet twin in the background, once for each pair."""
        key = ("compare", file.sha256, twin.sha256)
        self._once(key, lambda: self._compare(file, twin, allowed, others))

    async def learn(self, pairs: Sequence[tuple[File, File]]) -> Tolerance | None:
        """Record how repeatable the miner is; the tolerance for comparing, None without one."""
        paths = [(self._folder / one.path, self._folder / two.path) for one, two in pairs]
        learned = await self._in_pool(learn, paths)
        levels = max(learned.tolerance, MADE_TOGETHER) if learned.comparable else None
        drift = learned.drift_tolerance if learned.comparable else None
        apart = learned.distance if learned.comparable or learned.distance else None
        told = str(learned)
        self._record(
            Learned(at=self._clock(), tolerance=levels, drift=drift, distance=apart, told=told)
        )
        return None if levels is None else Tolerance(levels, drift)

    async def finish(self) -> None:
        """Return when everything that was begun is recorded."""
        while self._running:
            await asyncio.gather(*self._running)

    def _once(self, key: tuple[object, ...], work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if key not in self._done:
            self._done.add(key)
            task = asyncio.create_task(work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _examine(self, file: File, expected: tuple[int, int]) -> None:
        path, kind = self._folder / file.path, file.content_type
        found = await self._in_pool(evidence, path, kind, expected)
        width, height = expected
        self._record(
            Examined(
                at=self._clock(),
                sha256=file.sha256,
                width=width,
                height=height,
                defects=found.defects,
                suspicions=found.suspicions,
                signs=found.signs,
                rule=found.rule,
            )
        )

    async def _compare(
        self, file: File, twin: File, allowed: Tolerance, others: Sequence[tuple[str, File]]
    ) -> None:
        one, two = self._folder / file.path, self._folder / twin.path
        candidates = [(label, self._folder / other.path) for label, other in others]
        told = await self._in_pool(difference, one, two, allowed, candidates)
        self._record(
            Compared(at=self._clock(), sha256=file.sha256, twin=twin.sha256, difference=told)
        )

    async def _in_pool(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def _path(self, digest: str, start: bytes) -> Path:
        suffix = next((s for magic, s in SUFFIX.items() if start.startswith(magic)), ".bin")
        pictures = self._folder / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        return pictures / f"{digest[:20]}{suffix}"

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._folder))

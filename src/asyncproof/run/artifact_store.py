"""Keeps each delivered or downloaded picture once, in the run's folder, and examines it."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from PIL import Image

from asyncproof.facts.comparisons import PlannedComparison
from asyncproof.history.events import AsyncEvent, Compared, Examined, File, Learned
from asyncproof.images.evidence import distance, evidence, judged, learn
from asyncproof.images.reference.judgement import Tolerance
from asyncproof.images.reference.structure import learn_structure

T = TypeVar("T")
# Levels of 255. What is computed for several jobs at once is added up in another order than for one
# alone: a miner that is exact in quiet may be off by so much under load. Nobody can see it.
MADE_TOGETHER = 2
SUFFIX = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


class ArtifactStore:
    """Pictures of one run, by their SHA-256, in ``folder``/pictures.

    Examinations run in ``pool`` while the run goes on, so that the verdict need not wait for them.
    """

    def __init__(
        self,
        folder: Path,
        pool: Executor,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
    ) -> None:
        self._folder, self._pool = folder, pool
        self._clock, self._record = clock, record
        self._done = set[tuple[object, ...]]()
        self._running = set[asyncio.Task[None]]()
        self._distances: list[tuple[float, float]] = []

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

    def forget(self, file: File, asked: tuple[int, int]) -> None:
        """Keep neither the picture nor that it was examined: nothing is wrong with it."""
        self._done.discard(("examine", file.sha256, asked))
        (self._folder / file.path).unlink(missing_ok=True)

    def examine(
        self,
        file: File,
        asked: tuple[int, int],
        expected: tuple[int, int] | None = None,
        *,
        measured: bool = False,
    ) -> None:
        """Judge the picture in the background, once for each size that was asked for.

        ``expected``: its right size, where that is not the one that was asked for. ``measured``:
        measure it too, to be judged together with others.
        """
        right = expected or asked
        self._once(
            ("examine", file.sha256, asked), lambda: self._examine(file, asked, right, measured)
        )

    async def compare(self, planned: Iterable[PlannedComparison], allowed: Tolerance) -> None:
        """Lay each picture beside its idle reference, once for each pair.

        All are measured before the first is judged: they teach how far pictures drift under load.
        """
        new = [each for each in planned if self._is_new("compare", *each.pair)]
        folder, teaching = self._folder, [each for each in new if each.teaches]
        paths = [(folder / each.picture.path, folder / each.reference.path) for each in teaching]
        measured = [self._in_pool(distance, one, two, allowed) for one, two in paths]
        self._distances += [d for d in await asyncio.gather(*measured) if d is not None]
        allowed = replace(allowed, structure=learn_structure(self._distances))
        await asyncio.gather(*(self._compare(each, allowed) for each in new))

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
        if self._is_new(*key):
            task = asyncio.create_task(work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _is_new(self, *key: object) -> bool:
        """Whether this is to be done, which it is once."""
        known = key in self._done
        self._done.add(key)
        return not known

    def real_size(self, file: File) -> tuple[int, int] | None:
        """Width and height as its header has them; None where it cannot be read."""
        try:
            with Image.open(self._folder / file.path) as picture:
                return picture.size
        except (OSError, ValueError, SyntaxError):
            return None

    async def _examine(
        self, file: File, asked: tuple[int, int], expected: tuple[int, int], measured: bool
    ) -> None:
        path, kind = self._folder / file.path, file.content_type
        found = await self._in_pool(evidence, path, kind, expected, measured)
        width, height = asked
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
                measures=found.measures,
            )
        )

    async def _compare(self, planned: PlannedComparison, allowed: Tolerance) -> None:
        one, two = self._folder / planned.picture.path, self._folder / planned.reference.path
        candidates = [(label, self._folder / other.path) for label, other in planned.others]
        found = await self._in_pool(judged, one, two, allowed, candidates)
        picture, reference = planned.pair
        self._record(
            Compared(
                at=self._clock(),
                sha256=picture,
                reference=reference,
                difference=found.difference,
                in_a_part=found.in_a_part,
                drifted=found.drifted,
                learned_from=allowed.structure.pairs,
            )
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

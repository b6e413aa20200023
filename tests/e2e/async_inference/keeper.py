"""Keeps each delivered or downloaded picture once, in the run's folder, and examines it."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import msgspec

from tests.e2e.async_inference.events import Examined, File
from tests.e2e.async_inference.image_validator import (
    ImageValidator,
    detect_partial_render_bytes,
)
from tests.harness.history import Event

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
        self._examined = set[tuple[str, tuple[int, int]]]()
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
        key = file.sha256, expected
        if key not in self._examined:
            self._examined.add(key)
            task = asyncio.create_task(self._examine(file, expected))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Return when every examination is recorded."""
        while self._running:
            await asyncio.gather(*self._running)

    async def _examine(self, file: File, expected: tuple[int, int]) -> None:
        loop = asyncio.get_running_loop()
        path = self._folder / file.path
        reason = await loop.run_in_executor(self._pool, broken_rule, path, expected)
        width, height = expected
        self._record(
            Examined(
                at=self._clock(), sha256=file.sha256, width=width, height=height, reason=reason
            )
        )

    def _path(self, digest: str, start: bytes) -> Path:
        suffix = next((s for magic, s in SUFFIX.items() if start.startswith(magic)), ".bin")
        pictures = self._folder / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        return pictures / f"{digest[:20]}{suffix}"

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._folder))


def broken_rule(path: Path, expected: tuple[int, int]) -> str:
    """The reason why the picture at this path is not whole; empty where it is."""
    data = path.read_bytes()
    partial, reason = detect_partial_render_bytes(data)
    if partial:
        return reason
    return ImageValidator(expected_size=expected).validate_bytes(data).reason

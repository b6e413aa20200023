"""Sharing the files out to all cores, in order, with few of them in flight."""

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from tests.e2e.async_inference.pictures.describe import Problem, describe_file
from tests.e2e.async_inference.pictures.file import Size

BATCH = 8  # files that travel to a worker together
BATCHES_AHEAD = 4  # for each worker; bounds the memory of what waits
FEW = 2 * BATCH  # files that are judged before a worker would have started
INTERRUPTS = frozenset({signal.SIGINT, signal.SIGTERM})  # a terminal's, and a scheduler's


@dataclass(frozen=True, slots=True)
class Judged:
    """One file and its problems; none means that it is valid."""

    path: str
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Rules:
    """How to judge: the size that every picture has to have, by which rules, and whether compiled
    (which pays where there are many files)."""

    expected: Size | None = None
    six_rules: bool = False
    compiled: bool = False

    def judge(self, path: str) -> Judged:
        """Judge one file. Whatever it makes us stumble on is said of it, and the run goes on."""
        try:
            problems = describe_file(
                Path(path),
                expected=self.expected,
                six_rules=self.six_rules,
                compiled=self.compiled,
            )
        except Exception as error:
            words = f"judging it failed: {type(error).__name__} {error}".rstrip()
            problems = (Problem("crash", words),)
        return Judged(path, problems)

    def judge_batch(self, paths: list[str]) -> list[Judged]:
        """Judge a few files, in a worker."""
        return [self.judge(path) for path in paths]


Waiting: TypeAlias = deque[tuple[list[str], "Future[list[Judged]]"]]


def judge_files(
    paths: Iterable[str], rules: Rules, workers: int, *, compiled: bool = True
) -> Iterator[Judged]:
    """What came out of each file, in the order of ``paths``; many of them by compiled rules.

    A file whose decoder takes its process down is a finding, and the others go on.
    """
    stream = iter(paths)
    first = list(itertools.islice(stream, FEW))
    if len(first) < FEW:
        yield from map(rules.judge, first)
        return
    rules = replace(rules, compiled=compiled)
    if workers < 2:
        yield from map(rules.judge, itertools.chain(first, stream))
        return
    crew = _Crew(rules, workers)
    try:
        yield from crew.judge(itertools.chain(first, stream))
    finally:
        crew.dismiss()


class _Crew:
    """Worker processes; a new set replaces one that died."""

    def __init__(self, rules: Rules, workers: int) -> None:
        self._rules, self._workers = rules, workers
        self._pool = self._new_pool(workers)

    def judge(self, paths: Iterator[str]) -> Iterator[Judged]:
        waiting: Waiting = deque()
        while batch := list(itertools.islice(paths, BATCH)):
            waiting.append((batch, self._submit(batch)))
            if len(waiting) > BATCHES_AHEAD * self._workers:
                yield from self._oldest(waiting)
        while waiting:
            yield from self._oldest(waiting)

    def dismiss(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, batch: list[str]) -> "Future[list[Judged]]":
        try:
            with _interrupts_kept_from_workers():
                return self._pool.submit(self._rules.judge_batch, batch)
        except BrokenProcessPool as error:
            broken: Future[list[Judged]] = Future()
            broken.set_exception(error)
            return broken

    def _oldest(self, waiting: Waiting) -> Iterator[Judged]:
        batch, future = waiting.popleft()
        try:
            yield from future.result()
        except BrokenProcessPool:
            self.dismiss()
            yield from (self._judge_apart(path) for path in batch)
            self._pool = self._new_pool(self._workers)
            again = [(paths, self._submit(paths)) for paths, _ in waiting]
            waiting.clear()
            waiting.extend(again)

    def _judge_apart(self, path: str) -> Judged:
        with self._new_pool(1) as pool:
            try:
                return pool.submit(self._rules.judge, path).result()
            except BrokenProcessPool:
                reason = "judging it ended the process: out of memory, or a fault of a decoder"
                return Judged(path, (Problem("crash", reason),))

    @staticmethod
    def _new_pool(workers: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # safe beside the threads of the display
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """In a worker: when the parent was killed there is nobody left to work for."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _interrupts_kept_from_workers() -> Iterator[None]:
    """Workers that start meanwhile never see an interrupt: it is for the parent, which dismisses
    them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

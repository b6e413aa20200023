"""Distributes the files over all cores, in order, with few of them in flight."""

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from asyncproof.images.describe import Problem, describe_file
from asyncproof.images.file.examine import Size

BATCH = 8  # files sent to a worker together
BATCHES_AHEAD = 4  # for each worker; limits the memory of waiting files
FEW = 2 * BATCH  # files that are judged faster than a worker starts
KILLED = "judging it killed the process: out of memory, or a bug in a decoder"
INTERRUPTS = frozenset({signal.SIGINT, signal.SIGTERM})  # a terminal's, and a scheduler's


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """One file and its problems; none means that it is valid."""

    path: str
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class ValidationRules:
    """How to judge: the size that every image must have, the rules, and whether they are compiled
    (which is faster for many files)."""

    expected: Size | None = None
    six_rules: bool = False
    compiled: bool = False

    def judge(self, path: str) -> JudgedFile:
        """Judge one file. If judging it fails, that becomes its problem and the run continues."""
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
        return JudgedFile(path, problems)

    def judge_batch(self, paths: list[str]) -> list[JudgedFile]:
        """Judge a few files, in a worker."""
        return [self.judge(path) for path in paths]


Waiting: TypeAlias = deque[tuple[list[str], "Future[list[JudgedFile]]"]]


def judge_files(
    paths: Iterable[str], rules: ValidationRules, workers: int, *, compiled: bool = True
) -> Iterator[JudgedFile]:
    """The result of each file, in the order of ``paths``; many files use compiled rules.

    A file that crashes its decoder's process becomes a finding, and the others continue.
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

    def __init__(self, rules: ValidationRules, workers: int) -> None:
        self._rules, self._workers = rules, workers
        self._pool = self._new_pool(workers)

    def judge(self, paths: Iterator[str]) -> Iterator[JudgedFile]:
        waiting: Waiting = deque()
        while batch := list(itertools.islice(paths, BATCH)):
            waiting.append((batch, self._submit(batch)))
            if len(waiting) > BATCHES_AHEAD * self._workers:
                yield from self._oldest(waiting)
        while waiting:
            yield from self._oldest(waiting)

    def dismiss(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, batch: list[str]) -> "Future[list[JudgedFile]]":
        try:
            with _interrupts_kept_from_workers():
                return self._pool.submit(self._rules.judge_batch, batch)
        except BrokenProcessPool as error:
            broken: Future[list[JudgedFile]] = Future()
            broken.set_exception(error)
            return broken

    def _oldest(self, waiting: Waiting) -> Iterator[JudgedFile]:
        batch, future = waiting.popleft()
        try:
            yield from future.result()
        except BrokenProcessPool:
            self.dismiss()
            yield from self._judge_apart(batch)
            self._pool = self._new_pool(self._workers)
            again = [(paths, self._submit(paths)) for paths, _ in waiting]
            waiting.clear()
            waiting.extend(again)

    def _judge_apart(self, batch: Sequence[str]) -> Iterator[JudgedFile]:
        """Judge these files one after another in one process. A file with which it dies is tried
        again in a new process before it is blamed: an earlier one may have done the damage."""
        left, pool, is_new = deque(batch), self._new_pool(1), True
        try:
            while left:
                try:
                    judged = pool.submit(self._rules.judge, left[0]).result()
                except BrokenProcessPool:
                    pool.shutdown()
                    pool, was_new, is_new = self._new_pool(1), is_new, True
                    if not was_new:
                        continue
                    judged = JudgedFile(left[0], (Problem("crash", KILLED),))
                else:
                    is_new = False
                left.popleft()
                yield judged
        finally:
            pool.shutdown()

    @staticmethod
    def _new_pool(workers: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # safe with the threads of the display
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """In a worker: exit if the parent was killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _interrupts_kept_from_workers() -> Iterator[None]:
    """Workers that start meanwhile ignore interrupts: the parent handles them and stops the
    workers."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""The recorded callbacks, in limited memory; and those who wait for them."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile

import msgspec

from asyncproof.history.events import Delivered
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.storage.entries import CallbackEntry, decode, encode

KEYS = 2  # of a delivery: its token and its job id


class IndexedCallback(msgspec.Struct, frozen=True, gc=False):
    """A listed entry: its number, its search keys, and its JSON."""

    number: int
    job_id: str | None
    line: bytes


class CallbackIndex:
    """The last entries, by number. Refused ones have their own limit: they displace no others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: deque[IndexedCallback] = deque()
        self._refused: deque[IndexedCallback] = deque(maxlen=limits.keep_refused)
        self._by_job: dict[str, list[IndexedCallback]] = {}
        self._bytes = 0
        self.last = 0
        self._news = asyncio.Event()

    def load(self, count: int, lines: Sequence[bytes]) -> None:
        """Load what an earlier server recorded: the last of the ``count`` lines of its journal.

        An entry's number is that of its line. Unreadable lines (damaged by a full disk, or edited)
        are left out.
        """
        for number, line in enumerate(lines, count - len(lines) + 1):
            try:
                entry = decode(line)
            except msgspec.MsgspecError:
                continue
            if entry.number == number:
                self.add(entry, line)
            else:
                renumbered = msgspec.structs.replace(entry, number=number)
                self.add(renumbered, encode(renumbered))
        self.last = count

    def add(self, entry: CallbackEntry, line: bytes) -> None:
        """List an entry, whose JSON is ``line``."""
        recorded = IndexedCallback(entry.number, entry.job_id, line)
        self.last = max(self.last, entry.number)
        if entry.secret == "match":
            self._kept.append(recorded)
            if entry.job_id is not None:
                self._by_job.setdefault(entry.job_id, []).append(recorded)
            self._bytes += len(recorded.line)
            while len(self._kept) > self._limits.keep or self._bytes > self._limits.keep_bytes:
                self._forget_oldest()
        else:
            self._refused.append(recorded)
        self._news.set()
        self._news = asyncio.Event()

    def _forget_oldest(self) -> None:
        oldest = self._kept.popleft()
        self._bytes -= len(oldest.line)
        if oldest.job_id is not None:
            of_job = self._by_job[oldest.job_id]
            del of_job[0]
            if not of_job:
                del self._by_job[oldest.job_id]

    def since(self, number: int) -> list[bytes]:
        """The JSON of each listed entry after ``number``, oldest first."""
        if number >= self.last:
            return []
        newer = [*self._after(self._kept, number), *self._after(self._refused, number)]
        newer.sort(key=lambda r: r.number)
        return [r.line for r in newer]

    @staticmethod
    def _after(listed: deque[IndexedCallback], number: int) -> Iterator[IndexedCallback]:
        return takewhile(lambda r: r.number > number, reversed(listed))

    def of_job(self, job_id: str, after: int = 0) -> list[bytes]:
        """The JSON of each listed entry of one job after a number, oldest first."""
        return [r.line for r in self._by_job.get(job_id, ()) if r.number > after]

    def drop_until(self, when: float) -> None:
        """List nothing any more that came until ``when`` (Unix time)."""
        while self._kept and _came(self._kept[0]) <= when:
            self._forget_oldest()
        while self._refused and _came(self._refused[0]) <= when:
            self._refused.popleft()

    def clear(self) -> int:
        """List none of them any more; how many there were. Numbers go on where they were."""
        count = len(self._kept) + len(self._refused)
        self._kept.clear()
        self._by_job.clear()
        self._refused.clear()
        self._bytes = 0
        return count

    async def news(self) -> None:
        """Wait for the next entry."""
        await self._news.wait()


def _came(recorded: IndexedCallback) -> float:
    return datetime.fromisoformat(decode(recorded.line).received_at).timestamp()


class Waiters:
    """Those who wait for a delivery; one of the last ``keep`` that arrived before is returned at
    once."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._first: dict[str, Delivered] = {}
        self._waiting: dict[str, set[asyncio.Future[Delivered]]] = {}

    def delivered(self, delivered: Delivered) -> None:
        """Wake those who wait for its token or job id. Refused attempts wake nobody."""
        if delivered.secret != "match":
            return
        for key in {delivered.token, delivered.fields.get("job_id")} - {None, ""}:
            assert key is not None
            self._first.setdefault(key, delivered)
            if len(self._first) > KEYS * self._keep:
                del self._first[next(iter(self._first))]
            for waiting in self._waiting.pop(key, ()):
                if not waiting.done():
                    waiting.set_result(delivered)

    async def wait_for(self, key: str, timeout: float) -> Delivered:
        """The first delivery of a token or job id.

        Raises:
            TimeoutError: none came within ``timeout`` seconds.
        """
        if key in self._first:
            return self._first[key]
        waiting: asyncio.Future[Delivered] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        except TimeoutError:
            message = f"no callback for {key!r} within {timeout:g} s ({len(self._first)} seen)"
            raise TimeoutError(message) from None
        finally:
            left = self._waiting.get(key)
            if left is not None:
                left.discard(waiting)
                if not left:
                    del self._waiting[key]

"""What has been recorded, listed from bounded memory; and who waits for it."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile

import msgspec

from tests.e2e.async_inference.events import Delivered
from tests.e2e.async_inference.receiver.entries import Entry, encode
from tests.e2e.async_inference.receiver.limits import Limits


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An entry as it is listed: its number, what it can be found by, and its JSON."""

    number: int
    job_id: str | None
    line: bytes


class Ledger:
    """The last entries, by number. Refused ones are bounded apart: they displace no other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: deque[Recorded] = deque()
        self._refused: deque[Recorded] = deque(maxlen=limits.keep_refused)
        self._bytes = 0
        self.last = 0
        self._news = asyncio.Event()

    def load(self, count: int, entries: Iterable[Entry]) -> None:
        """Take in what an earlier server recorded: the newest of ``count`` entries."""
        entries = list(entries)
        for number, entry in enumerate(entries, count - len(entries) + 1):
            renumbered = msgspec.structs.replace(entry, number=number)
            self.add(renumbered, encode(renumbered))
        self.last = count

    def add(self, entry: Entry, line: bytes) -> None:
        """List an entry, whose JSON is ``line``."""
        recorded = Recorded(entry.number, entry.job_id, line)
        self.last = max(self.last, entry.number)
        if entry.secret == "match":
            self._kept.append(recorded)
            self._bytes += len(recorded.line)
            while len(self._kept) > self._limits.keep or self._bytes > self._limits.keep_bytes:
                self._bytes -= len(self._kept.popleft().line)
        else:
            self._refused.append(recorded)
        self._news.set()
        self._news = asyncio.Event()

    def since(self, number: int) -> list[bytes]:
        """The JSON of each listed entry after ``number``, oldest first."""
        if number >= self.last:
            return []
        newer = [*self._after(self._kept, number), *self._after(self._refused, number)]
        newer.sort(key=lambda r: r.number)
        return [r.line for r in newer]

    @staticmethod
    def _after(listed: deque[Recorded], number: int) -> Iterator[Recorded]:
        return takewhile(lambda r: r.number > number, reversed(listed))

    def of_job(self, job_id: str) -> list[bytes]:
        """The JSON of each listed entry of one job, oldest first."""
        return [r.line for r in self._kept if r.job_id == job_id]

    async def news(self) -> None:
        """Wait for the next entry."""
        await self._news.wait()


class Waiters:
    """Who waits for which delivery; one that was there before is found at once."""

    def __init__(self) -> None:
        self._first: dict[str, Delivered] = {}
        self._waiting: dict[str, set[asyncio.Future[Delivered]]] = {}

    def delivered(self, delivered: Delivered) -> None:
        """Wake who waits for its token or its job id. Refused attempts wake nobody."""
        if delivered.secret != "match":
            return
        for key in {delivered.token, delivered.fields.get("job_id")} - {None, ""}:
            assert key is not None
            self._first.setdefault(key, delivered)
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

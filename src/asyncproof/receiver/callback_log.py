"""One line for each callback, for whoever watches the terminal or reads the service's log.

A terminal that is paused, or a reader that is slow, never holds up a callback: lines are written
by a thread, several at once, and left out (with their number) when it cannot keep up.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from asyncproof.history.events import Delivered, NemesisActed

MOST_WAITING = 5_000  # lines
FLUSH_SECONDS = 0.2
_SHOWN = 80  # characters of a text that a sender chose


class CallbackLog:
    """Writes the lines with ``write``, in order."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        flush_seconds: float = FLUSH_SECONDS,
        patience: float = 2.0,
    ) -> None:
        self._write = write
        self._flush_seconds = flush_seconds
        self._patience = patience
        self._waiting: list[str] = []
        self._left_out = 0
        self._due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Event | None = None

    def __call__(self, event: Delivered | NemesisActed) -> None:
        """Note a delivery; it is written soon."""
        if isinstance(event, NemesisActed):
            return
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(f"{datetime.now():%H:%M:%S} {described(event)}\n")
        if self._due is None and self._writing is None:
            self._due = asyncio.get_running_loop().call_later(self._flush_seconds, self._flush)

    def _flush(self) -> None:
        self._due = None
        self._writing = asyncio.Event()
        self._put(self._taken(), asyncio.get_running_loop(), self._writing)

    def _written(self, written: asyncio.Event) -> None:
        written.set()
        self._writing = None
        if self._waiting and self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._flush_seconds, self._flush)

    def _taken(self) -> str:
        lines, self._waiting = self._waiting, []
        if self._left_out:
            lines.append(f"({self._left_out} more, which could not be written in time)\n")
            self._left_out = 0
        return "".join(lines)

    def _put(self, text: str, loop: asyncio.AbstractEventLoop, written: asyncio.Event) -> None:
        """Write in a thread that the end of the process does not wait for."""

        def write() -> None:
            with suppress(OSError):  # nobody reads it any more; callbacks go on being kept
                self._write(text)
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._written, written)

        threading.Thread(target=write, name="callback log", daemon=True).start()

    async def close(self) -> None:
        """Write what is left, unless nobody reads it."""
        if self._due is not None:
            self._due.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                if self._writing is not None:
                    await self._writing.wait()
                if self._waiting or self._left_out:
                    self._flush()
                    assert self._writing is not None
                    await self._writing.wait()


def described(event: Delivered) -> str:
    """A delivery in one line of printable ASCII, whatever its sender wrote."""
    outcome = "---" if event.answered is None else str(event.answered)
    if event.secret != "match":
        return f"{outcome} {_plain(event.method)} {_plain(event.path)} (secret: {event.secret})"
    job_id, status = event.fields.get("job_id", ""), event.fields.get("status", "")
    parts = [_plain(job_id) or "(no job id)", _plain(status) or "(no status)"]
    if event.image is not None:
        parts.append(f"{event.image.size} bytes")
    parts.append(f"{event.at - event.began:.3f} s")
    remarks = [event.broken] if event.broken else list(event.problems)
    told = f" ({_plain('; '.join(remarks))})" if remarks else ""
    return f"{outcome} {' '.join(parts)}{told}"


def _plain(text: str) -> str:
    """Without anything that a terminal or a log would take for more than text."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return shown.encode("ascii", "backslashreplace").decode().translate(_UNPRINTABLE)


_UNPRINTABLE = {code: f"\\x{code:02x}" for code in (*range(32), 127)}

"""What a command does once nobody reads its output any more (``| head -1``).

To fail then would be wrong: an exit code of 1 says that something was found.
"""

import io
import os
import sys
from typing import Any, TextIO

UNREAD = 141  # what a shell shows for a program that SIGPIPE ended


class _Unread(io.FileIO):
    """A file descriptor that takes what it is given, also when its other end is closed."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def go_on_unread() -> None:
    """From here on this process works and ends as if all of its output were read.

    Streams that somebody has put in the place of those of the process stay as they are.
    """
    if sys.stdout is sys.__stdout__:
        sys.stdout = _tolerant(sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _tolerant(sys.stderr)


def _tolerant(stream: TextIO | None) -> Any:
    if not isinstance(stream, io.TextIOWrapper):  # there may be none at all
        return stream
    stream.flush()
    raw = _Unread(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def discard_the_rest() -> None:
    """What is still in the buffer of standard output cannot be written any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

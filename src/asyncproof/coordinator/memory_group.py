"""A control group for one suite: a limit on its memory, and a count of the processes that the
kernel killed.

Linux, version 1 or 2 of control groups, if this process may create groups; otherwise a suite runs
without a limit, and a kernel kill shows only as SIGKILL.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

V1 = Path("/sys/fs/cgroup/memory")
V2 = Path("/sys/fs/cgroup")
REMOVAL_TIMEOUT = 5.0  # seconds; a group can be removed once its last process is gone


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """A group that a process joins by writing ``0`` to :attr:`procs`."""

    folder: Path
    counter: Path

    @classmethod
    def create(cls, name: str, limit: int) -> Self | None:
        """A group of at most ``limit`` bytes; None if that is not allowed."""
        v1 = _is_v1()
        limit_file = "memory.limit_in_bytes" if v1 else "memory.max"
        folder = (V1 if v1 else V2) / name
        try:
            folder.mkdir()
        except OSError:
            return None
        try:
            (folder / limit_file).write_text(str(limit))
            with contextlib.suppress(OSError):  # without swap the limit is one of memory alone
                (folder / ("memory.memsw.limit_in_bytes" if v1 else "memory.swap.max")).write_text(
                    str(limit if v1 else 0)
                )
            return cls(folder, folder / ("memory.oom_control" if v1 else "memory.events"))
        except OSError:
            folder.rmdir()
            return None

    @classmethod
    def left(cls, start: str) -> list[Self]:
        """The groups with this prefix, left by a dead coordinator."""
        parent = V1 if _is_v1() else V2
        return [cls(folder, folder) for folder in parent.glob(f"{start}*") if folder.is_dir()]

    @property
    def procs(self) -> Path:
        return self.folder / "cgroup.procs"

    def kills(self) -> int:
        """How many processes of the group the kernel has killed for lack of memory."""
        return oom_kills(self.counter.read_text(encoding="ascii"))

    def remove(self) -> None:
        """Remove the group; its processes must have ended."""
        deadline = time.monotonic() + REMOVAL_TIMEOUT
        while time.monotonic() < deadline:
            try:
                self.folder.rmdir()
            except OSError:
                time.sleep(0.05)
            else:
                return


def _is_v1() -> bool:
    return (V1 / "memory.limit_in_bytes").exists()


def oom_kills(text: str) -> int:
    """The counter in ``memory.events`` (v2) or ``memory.oom_control`` (v1)."""
    fields = dict(line.split() for line in text.splitlines() if len(line.split()) == 2)
    return int(fields.get("oom_kill", 0))

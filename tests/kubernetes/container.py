"""A container of the stand-in node: a process of this machine and what it has written."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.kubernetes.kubelet import Process

# A service account's Secret is mounted at a fixed path, so its pod has mounts of its own.
_WITH_ACCOUNT = """
mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io
ln -s "$1" /run/secrets/kubernetes.io/serviceaccount
shift
exec "$@"
"""


@dataclass(slots=True)
class Container:
    """One process and everything that it has written, line by line, with the time of each."""

    process: "asyncio.subprocess.Process"
    lines: list[bytes] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    ended: bool = False

    async def drain(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
            await self._grow(stamp + b" " + line.rstrip(b"\n") + b"\n")
        await self.process.wait()
        self.ended = True
        await self._grow(None)

    async def _grow(self, line: bytes | None) -> None:
        async with self.grown:
            if line is not None:
                self.lines.append(line)
            self.grown.notify_all()

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


async def start(given: Process, workdir: Path, account: Path | None = None) -> Container:
    """Start it; ``account`` is the folder that lies where a service account's is looked for."""
    command = given.command
    if account:
        command = ["unshare", "--mount", "sh", "-ec", _WITH_ACCOUNT, "sh", str(account), *command]
    return Container(
        await asyncio.create_subprocess_exec(
            *command,
            cwd=workdir,
            env=given.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 24,
        )
    )

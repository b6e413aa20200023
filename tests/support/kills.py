"""Kills callback servers under load, and compares what was acknowledged with what is stored.

``python -m tests.support.kills --kills 500 --callbacks 100000`` (``make kills``) takes a quarter
of an hour; the tests do a few. Exits with 1 if anything was lost.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import re
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.doomed_servers import POINTS, Doom, Nursery, nursery
from tests.support.receiver_support import callback, head

SENDERS = 8


def picture(job_id: str) -> bytes:
    """The picture of a job, of 1 to 12 KiB, which nobody else has."""
    seed = hashlib.sha256(job_id.encode()).digest()
    return b"\x89PNG\r\n\x1a\n" + seed * (32 + seed[0] * 2) + job_id.encode()


@dataclass
class Tally:
    """What the servers acknowledged, and what of it was wrong after they were killed."""

    acknowledged: set[str] = field(default_factory=set)
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


async def load(port: int, tally: Tally) -> None:
    """Send from several connections until the server dies."""

    async def send_on() -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        try:
            while True:
                tally.sent += 1
                job_id = f"job-{tally.sent}"
                body = callback(job_id, image=picture(job_id))
                writer.write(head(len(body)) + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", answer)
                assert length is not None
                await reader.readexactly(int(length[1]))
                if answer.startswith(b"HTTP/1.1 200 "):
                    tally.acknowledged.add(job_id)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    await asyncio.gather(*(send_on() for _ in range(SENDERS)))


def kill_once(servers: Nursery, doom: Doom, tally: Tally) -> None:
    """One server, from its start to its death under load; then look for what it acknowledged."""
    before, folder = set(tally.acknowledged), Path(doom.folder)
    journal = folder / "journal.ndjson"
    size = journal.stat().st_size if journal.exists() else 0
    port = servers.start(doom)
    asyncio.run(load(port, tally))
    assert servers.ended_by() == signal.SIGKILL
    compare(folder, tally.acknowledged - before, tally, since=size)


def compare(folder: Path, acknowledged: set[str], tally: Tally, *, since: int = 0) -> None:
    """Look each acknowledged callback up: its line in the journal, its picture as it was sent.

    ``since``: the size of the journal before the first of them.
    """
    stored = dict(journal_lines(folder / "journal.ndjson", since))
    for job_id in acknowledged:
        if job_id not in stored:
            tally.lost.append(job_id)
            continue
        content = (folder / stored[job_id]["path"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if content != picture(job_id) or digest != stored[job_id]["sha256"]:
            tally.damaged.append(job_id)


def journal_lines(journal: Path, since: int) -> Iterator[tuple[str, dict[str, str]]]:
    """The job and the picture of each readable line; a killed server leaves half a line."""
    with journal.open("rb") as lines:
        lines.seek(since)
        for line in lines:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                yield entry["job_id"], entry["image"]


def strangers(folder: Path) -> Iterator[str]:
    """Pictures that nobody acknowledged but that are there, and are not whole."""
    for path in (folder / "images").iterdir():
        if path.read_bytes() != picture(path.name.split(".")[0]):
            yield path.name


def run(kills: int, callbacks: int, folder: Path, seed: int) -> Tally:
    chance, tally = random.Random(seed), Tally()
    began = time.monotonic()
    with nursery() as servers:
        for number in range(kills):
            each = 2 * callbacks // kills  # on average half of it comes before the end
            doom = Doom(str(folder), POINTS[number % len(POINTS)], chance.randint(1, each))
            kill_once(servers, doom, tally)
            if (number + 1) % 25 == 0:
                print(  # noqa: T201
                    f"{number + 1} kills, {len(tally.acknowledged)} acknowledged, "
                    f"{len(tally.lost)} lost, {len(tally.damaged)} damaged, "
                    f"{time.monotonic() - began:.0f} s",
                    flush=True,
                )
    compare(folder, tally.acknowledged, tally)
    tally.damaged += strangers(folder)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--callbacks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        tally = run(options.kills, options.callbacks, Path(folder), options.seed)
    print(  # noqa: T201
        f"{len(tally.acknowledged)} acknowledged, {len(tally.lost)} lost, "
        f"{len(tally.damaged)} damaged"
    )
    raise SystemExit(1 if tally.lost or tally.damaged else 0)


if __name__ == "__main__":
    main()

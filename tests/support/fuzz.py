"""Makes up requests from valid and hostile ones, byte by byte, and looks for what harms a server.

``python -m tests.support.fuzz --seconds 3600`` (``make fuzz``) goes on for an hour; the tests do a
few hundred. Half of the time goes to the form reader alone, which is a thousand times faster:
whether any chunking of any body equals one piece. Exits with 1 at the first request that does harm,
and leaves it in a file.
"""

import argparse
import contextlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from asyncproof.receiver.limits import Limits
from tests.support.hostile_inputs import groups
from tests.support.multipart_bodies import BODIES, CUTS, DAMAGED, outcome
from tests.support.receiver_support import (
    Response,
    Running,
    answer_of,
    callback,
    connect,
    head,
    post,
    running,
)

LIMITS = Limits(header_seconds=0.2, body_grace=0.2, idle_seconds=0.2)
_LARGEST = 20_000  # bytes of a request that others are made from
_WORDS = (
    b"\r\n", b"\r\n\r\n", b"\0", b"--xyz", b"--xyz--", b"Content-Length: 5\r\n", b"%00", b"../",
    b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"\xff",
    b"Connection: close\r\n", b"0\r\n\r\n", b"ffffffff\r\n", b"HTTP/1.0", b"-1",
    b"Content-Encoding: gzip\r\n", b"GET ", b";",
)  # fmt: skip


def corpus() -> list[bytes]:
    """What mutations begin with: callbacks in both framings, and every hostile input."""
    body = callback(image=b"\r\n--xy\r\n--xyz-" * 9)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(body[n : n + 99]), body[n : n + 99])
                       for n in range(0, len(body), 99))  # fmt: skip
    hostile = [request for group in groups().values() for request in group.values()]
    valid = [
        head(len(body)) + body,
        head(len(body), path="/callback/token") + body,
        head(None, "Transfer-Encoding: chunked") + chunked + b"0\r\n\r\n",
        head(len(body)) + body + head(len(body)) + body,
    ]
    return [*valid * 10, *(request for request in hostile if len(request) <= _LARGEST)]


def mutated(request: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The request with one to six changes: bits, bytes, words, cuts, copies, parts of another."""
    data = bytearray(request)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 1, 2, 8, 60, 500]))
        match chance.randrange(7):
            case 0 if start < len(data):
                data[start] ^= 1 << chance.randrange(8)
            case 1 if len(data) > 100:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end] * chance.choice([1, 1, 30])
            case 3:
                data[start:end] = chance.randbytes(end - start)
            case 4:
                data[start:start] = chance.choice(_WORDS)
            case 5:
                other = chance.choice(others)
                data[start:end] = other[: chance.randrange(len(other) + 1)]
            case _:
                data[start:end] = chance.choice(_WORDS)
    return bytes(data)


def throw(run: Running, data: bytes, *, hang_up: bool) -> Response | None:
    """Send it in one connection; ``hang_up``: leave without reading an answer."""
    with connect(run) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
        return None if hang_up else answer_of(sock)


def complaint(run: Running, data: bytes, *, hang_up: bool) -> str | None:
    """What is wrong with the answer to a request; None if nothing is."""
    hang_up = hang_up or b" /events" in data or data.startswith(b"HEAD")
    response = throw(run, data, hang_up=hang_up)
    if response is not None and response.status >= 500:
        return f"answered {response.status}"
    return None


def is_well(run: Running) -> None:
    """Nobody was told 5xx, all that is kept is whole, and the next callback is taken."""
    assert post(run, callback("well")).status == 200
    journal = (run.folder / "journal.ndjson").read_bytes().splitlines()
    entries = [json.loads(line) for line in journal]
    assert not [e for e in entries if (e.get("answered") or 0) >= 500]
    around = run.folder.parent
    outside = {p for p in around.rglob("*") if p.is_file()} - {*run.folder.rglob("*")}
    assert outside == set()
    assert run.images() == {
        e["image"]["path"].removeprefix("images/") for e in entries if "image" in e
    }


def storm(run: Running, chance: random.Random, goes_on: Callable[[int], bool]) -> int:
    """Throw mutated requests while ``goes_on`` says so of their number; how many there were.

    Raises:
        AssertionError: one of them did harm.
    """
    seeds, count = corpus(), 0
    while goes_on(count):
        data = mutated(chance.choice(seeds), seeds, chance)
        found = complaint(run, data, hang_up=chance.random() < 0.7)
        assert found is None, f"{found}: {data!r}"
        count += 1
    is_well(run)
    return count


def _chunkings(seconds: float) -> int:
    """Bodies in pieces against the same in one piece, for that long; how many there were."""
    ends, count = time.monotonic() + seconds, 0

    @given(body=BODIES | DAMAGED, cuts=CUTS)
    @settings(
        max_examples=2000, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    def any_chunking(body: bytes, cuts: list[int]) -> None:
        nonlocal count
        count += 1
        assert outcome(body, cuts) == outcome(body, [])

    while time.monotonic() < ends:
        any_chunking()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # noqa: T201
    chance, half = random.Random(options.seed), options.seconds / 2
    print(f"{_chunkings(half)} bodies in pieces: the same as in one piece", flush=True)  # noqa: T201
    ends, count = time.monotonic() + half, 0
    while time.monotonic() < ends:  # a new server now and then keeps the comparison of files fast
        with (
            tempfile.TemporaryDirectory() as folder,
            running(Path(folder) / "kept", limits=LIMITS) as run,
        ):
            count += storm(run, chance, lambda n: n < 2000 and time.monotonic() < ends)
        print(f"{count} requests: no harm done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

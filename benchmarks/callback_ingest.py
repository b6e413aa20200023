"""What it costs to take in a callback, beside a FastAPI server that reads the form, then writes.

    python -m benchmarks.callback_ingest [--quick]

Processor time of the server's process, the servers in turn in every round. The second peer does the
same work: it hashes each picture and gives it its name only when it is whole. ``TLS`` is our server
behind a certificate. Then, how the memory grows with the number of pictures that arrive at once,
and how long a start takes with 100,000 callbacks in the journal.

Small callbacks are kept in memory, where the system has a folder for that: before ext4 makes a file
it looks past every inode that was removed in the last minutes, which after a run of the tests costs
more (up to 0.3 ms) than either server, and says nothing of them. Larger ones are kept on disk.
"""

import argparse
import contextlib
import os
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import psutil

from asyncproof.history.events import File
from asyncproof.receiver.storage.entries import CallbackEntry, encode
from tests.support.certificates import certificate

ROOT = Path(__file__).resolve().parent.parent
OURS = ["tests/e2e/async_inference/callback_server.py", "--host=127.0.0.1", "--port=0", "--folder"]
PEER = ["-m", "benchmarks.peers.fastapi_receiver"]
SAME_WORK = [*PEER, "--same-work"]
KIB, MIB = 1024, 1024 * 1024
MANY = 100_000
IN_MEMORY = Path("/dev/shm")
SMALL = 64 * KIB
_CPUCLOCK_SCHED = 2
BOUNDARY = "5f1c8e2ab9d34c6f8d0e7b6a53c2f419"  # as long as that of requests and aiohttp
HEAD = (
    "POST /callback HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Callback-Secret: test-secret\r\n"
    f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {{}}\r\n\r\n"
)


@dataclass(frozen=True)
class Server:
    """A server under measurement, as a process of its own."""

    process: psutil.Process
    port: int
    tls: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.port))
        if self.tls is None:
            return plain
        return self.tls.wrap_socket(plain, server_hostname="127.0.0.1")

    def seconds(self) -> float:
        """Processor time used so far by all of its threads, those that have ended too."""
        if sys.platform == "linux":  # to the nanosecond; clock_getcpuclockid(3) gives this clock
            return time.clock_gettime((~self.process.pid << 3) | _CPUCLOCK_SCHED)
        used = self.process.cpu_times()
        return used.user + used.system


@contextlib.contextmanager
def started(command: list[str], folder: Path) -> Iterator[Server]:
    """Start a server that prints its url, and end it."""
    with subprocess.Popen(
        [sys.executable, *command, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
            yield Server(psutil.Process(process.pid), port)
        finally:
            process.terminate()


def request(job_id: str, image: bytes) -> bytes:
    """A callback as a miner sends it."""
    limit = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    fields = {"job_id": job_id, "status": "completed", "completed_at": "2026-01-02T03:04:05Z"}
    text = "".join(f'{limit}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    text += f'{limit}"image"; filename="result.png"\r\nContent-Type: image/png\r\n\r\n'
    body = text.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()
    return HEAD.format(len(body)).encode() + body


def deliver(server: Server, image: bytes, count: int, name: str) -> float:
    """Send ``count`` callbacks on one connection; processor seconds of the server for each."""
    with server.connect() as sock:
        sock.sendall(request(f"{name}-warm-up", image))
        _answered(sock)
        began = server.seconds()
        for n in range(count):
            sock.sendall(request(f"{name}-{n}", image))
            _answered(sock)
        return (server.seconds() - began) / count


def _answered(sock: socket.socket) -> None:
    """Read one whole answer, which must be a 200."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = sock.recv(4096)
        if not piece:
            raise SystemExit("the server closed the connection")
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"the server did not take the callback: {answer[:200]!r}")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(4096)


def place(size: int) -> Path | None:
    """Where callbacks of this size are kept; None for the system's folder of temporary files."""
    return IN_MEMORY if size <= SMALL and os.access(IN_MEMORY, os.W_OK) else None


def compare(size: int, count: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds for one callback of ``size`` bytes, by server, round by round."""
    image = random.Random(1).randbytes(size)
    commands = {"ours": OURS, "FastAPI": PEER, "FastAPI, same work": SAME_WORK}
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir=place(size))))
        servers = {
            name: running.enter_context(started(command, folder / name))
            for name, command in commands.items()
        }
        cert, key = certificate(folder)
        behind = [OURS[0], f"--cert={cert}", f"--key={key}", *OURS[1:]]
        secured = running.enter_context(started(behind, folder / "TLS"))
        servers["ours, TLS"] = replace(secured, tls=ssl.create_default_context(cafile=str(cert)))
        spent: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(rounds):
            for name, server in servers.items():
                spent[name].append(deliver(server, image, count, f"{size}-{turn}"))
    return spent


def growth(folder: Path, pictures: int, size: int) -> int:
    """Bytes by which the server's memory peaks over its start while ``pictures`` arrive at once."""
    data = request("at-once", random.Random(2).randbytes(size))
    with started(OURS, folder) as server:
        deliver(server, b"x", 3, "warm-up")
        before = server.process.memory_info().rss
        socks = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(pictures)]
        peak = before
        for sock in socks:
            sock.setblocking(False)
        left = dict.fromkeys(socks, 0)
        while left:
            for sock in list(left):
                with contextlib.suppress(BlockingIOError):
                    left[sock] += sock.send(memoryview(data)[left[sock] : left[sock] + 256 * KIB])
                if left[sock] == len(data):
                    del left[sock]
            peak = max(peak, server.process.memory_info().rss)
        for sock in socks:
            sock.setblocking(True)
            _answered(sock)
            sock.close()
        return max(peak, server.process.memory_info().rss) - before


def restart(folder: Path, recorded_before: int) -> float:
    """Seconds from the start of a process until it listens, with so many callbacks recorded.

    All of them are listed then.
    """
    folder.mkdir()
    with (folder / "journal.ndjson").open("wb") as journal:
        for n in range(1, recorded_before + 1):
            journal.write(encode(recorded(n)) + b"\n")
    began = time.monotonic()
    with started(OURS, folder) as server:
        took = time.monotonic() - began
        with server.connect() as sock:
            asked = "GET /callbacks HTTP/1.1", "Host: localhost", "Connection: close", "", ""
            sock.sendall("\r\n".join(asked).encode())
            answer = b"".join(iter(lambda: sock.recv(MIB), b""))
    if answer.count(b'"number":') != recorded_before:
        raise SystemExit("not all callbacks are listed")
    return took


def recorded(number: int) -> CallbackEntry:
    """An entry as an ordinary callback leaves it."""
    digest = f"{number:064x}"
    job_id = digest[-32:]
    return CallbackEntry(
        number=number,
        received_at="2026-01-02T03:04:05.000+00:00",
        sender="127.0.0.1",
        path="/callback",
        secret="match",
        job_id=job_id,
        status="completed",
        completed_at="2026-01-02T03:04:05Z",
        image=File(path=f"images/{job_id}.png", sha256=digest, size=1_000_000),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        user_agent="python-requests/2.32",
        answered=200,
        answer="OK",
        stored=True,
        seconds=0.012,
    )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def in_words(values: list[float]) -> str:
    return f"{median(values) * 1e3:8.3f} ms ({min(values) * 1e3:.3f} to {max(values) * 1e3:.3f})"


def main() -> None:
    """Measure and print; the ratios are in the last lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    quick = parser.parse_args().quick
    rounds, repeated = (7, 1) if quick else (9, 3)
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"processor time for one callback, {rounds} rounds, {os.cpu_count()} cores")
        for label, size, count in (
            ("2_kb", 2 * KIB, 100 if quick else 400),
            ("400_kb", 400 * KIB, 5 if quick else 40),
            ("4_mb", 4 * MIB, 6 if quick else 25),
        ):
            spent = compare(size, count, rounds)
            for server, seconds in spent.items():
                say(f"{label:>7}  {server:20} {in_words(seconds)}")
            ours, secured = spent.pop("ours"), spent.pop("ours, TLS")
            ratios.append(f"ratio ingest_{label}_tls {median(secured) / median(ours):.2f}")
            for suffix, theirs in zip(("", "_same_work"), spent.values(), strict=True):
                each = sorted(t / m for m, t in zip(ours, theirs, strict=True))
                say(f"         ratio{suffix} of the rounds: {each[0]:.2f} to {each[-1]:.2f}")
                ratios.append(f"ratio ingest_{label}{suffix} {median(each):.2f}")
        for pictures in (1, 8, 64):
            began = time.monotonic()
            grown = [growth(folder / f"{pictures}-{n}", pictures, 4 * MIB) for n in range(repeated)]
            took = (time.monotonic() - began) / repeated
            more = ", ".join(f"{g / MIB:.1f}" for g in grown)
            say(f"memory  {pictures:3} pictures of 4 MB at once: {more} MiB more ({took:.1f} s)")
        nothing, many = restart(folder / "none", 0), restart(folder / "many", MANY)
        say(f"a start takes {nothing:.2f} s; with {MANY} callbacks recorded {many:.2f} s")
    ratios.append(f"ratio ingest_memory_64x4mb_mib {max(grown) / MIB:.1f}")
    say("\n".join(ratios))


if __name__ == "__main__":
    main()

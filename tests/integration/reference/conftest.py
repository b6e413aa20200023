"""Real miners as processes of their own, and a receiver for their callbacks."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import psutil
import pytest
import requests

from tests.support.forked import module_process

PATIENCE = 30.0  # seconds; far beyond what anything here takes


def until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What ``true`` returns once it is truthy; fails the test after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not (found := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {patience:g} s for {what}")
        time.sleep(0.02)
    return found


@dataclass
class RunningMiner:
    """A miner that accepts requests."""

    url: str
    pid: int
    log: Path

    def submit(self, **body: Any) -> str:
        """A small job; returns its id."""
        answer = self.post("/inference", {"prompt": "a lake", "width": 64, "height": 64} | body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(f"{self.url}{path}", json=body, timeout=PATIENCE)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=PATIENCE)

    def status(self, job_id: str) -> dict[str, Any]:
        answer = self.get(f"/inference/status/{job_id}")
        return dict(answer.json()) if answer.ok else {}

    def ended(self, job_id: str) -> dict[str, Any]:
        """The status of a job once it is terminal and its callback has settled."""
        return dict(
            until(lambda: (s := self.status(job_id)) and "callback" in s and s, f"end of {job_id}")
        )

    def tree(self) -> list[psutil.Process]:
        """The miner and everything that it started."""
        miner = psutil.Process(self.pid)
        return [miner, *miner.children(recursive=True)]


StartMiner = Callable[..., RunningMiner]


@contextmanager
def a_miner(folder: Path, *flags: str) -> Iterator[RunningMiner]:
    """A miner on a free port, forked from a process that has its imports."""
    ready, log = folder / "ready.json", folder / "miner.log"
    folder.mkdir(parents=True, exist_ok=True)
    words = ["--port", "0", "--job-seconds", "0.02", "--ready-file", str(ready), *flags]
    with module_process("reference.miner", words, environ=os.environ, output=log) as process:
        until(lambda: ready.exists() or process.exitcode is not None, "the miner to start")
        assert process.exitcode is None, log.read_text()
        assert process.pid
        yield RunningMiner(json.loads(ready.read_text())["url"], process.pid, log)


@pytest.fixture
def start_miner(tmp_path: Path) -> Iterator[StartMiner]:
    """Starts miners with flags of the test's own choice."""
    with ExitStack() as stack:
        count = iter(range(100))

        def start(*flags: str) -> RunningMiner:
            return stack.enter_context(a_miner(tmp_path / f"miner{next(count)}", *flags))

        yield start


@pytest.fixture(scope="module")
def miner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMiner]:
    """One correct miner for all tests of a module."""
    with a_miner(tmp_path_factory.mktemp("miner")) as running:
        yield running


@dataclass
class Received:
    """One callback request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def fields(self) -> dict[str, bytes]:
        """The parts of the form by name."""
        boundary = b"--" + self.headers["Content-Type"].partition("boundary=")[2].encode()
        parts = self.body.split(boundary)[1:-1]
        heads = [part.partition(b"\r\n\r\n") for part in parts]
        return {h.split(b'name="')[1].split(b'"')[0].decode(): v[:-2] for h, _, v in heads}


class Receiver:
    """A callback target that keeps what it gets. ``answers`` are used up first to last; the last
    stays."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, b"OK")]
        self.arrived = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.arrived:
                    receiver.requests.append(Received(self.path, dict(self.headers), body))
                    several = len(receiver.answers) > 1
                    code, headers, text = (
                        receiver.answers.pop(0) if several else receiver.answers[0]
                    )
                    receiver.arrived.notify_all()
                self.send_response(code)
                for name, value in {"Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def wait_for(self, count: int) -> list[Received]:
        """The requests once there are ``count`` of them."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, PATIENCE)
            return list(self.requests)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A fresh callback target."""
    made = Receiver()
    yield made
    made.close()

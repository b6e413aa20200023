"""Runs the commands of the project as a user does, in a clean environment."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests import ROOT
from tests.matrix.miner.runner import AS_INSTALLED, QUICK
from tests.support.forked import NOT_REWRITTEN, module_process

TIMEOUT = 400.0  # seconds; far beyond what any command takes
CLI = "tests.e2e.async_inference.cli"


@dataclass(frozen=True)
class Ran:
    """How a command ended and all that it printed."""

    code: int
    output: str


@dataclass(frozen=True)
class Shell:
    """Commands run with quick settings; their reports and callbacks stay in ``folder``."""

    folder: Path
    cwd: Path = ROOT

    def environ(self, **more: str) -> dict[str, str]:
        foreign = ("ASYNC_", "STRESS_", "PYTEST_", "MAKE", "MFLAGS")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(foreign) and n != "CI"}
        mine = {
            "ASYNC_REPORT_DIR": str(self.folder / "reports"),
            "ASYNC_CALLBACK_DIR": str(self.folder / "callbacks"),
            "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
        }
        return kept | AS_INSTALLED | QUICK | mine | more

    def run(self, *command: str, **environ: str) -> Ran:
        ran = subprocess.run(
            command,
            cwd=self.cwd,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout)

    def cli(self, *arguments: str, **environ: str) -> Ran:
        """``python -m tests.e2e.async_inference.cli``."""
        return self.forked(CLI, *arguments, **environ)

    def suite(self, *arguments: str, **environ: str) -> Ran:
        """The suite by pytest itself."""
        return self.forked("pytest", "-p", "no:cacheprovider", *arguments, **environ)

    def forked(self, module: str, *arguments: str, **environ: str) -> Ran:
        """``python -m MODULE`` in a process that has imported what it needs."""
        complete = self.environ(**environ)
        complete["PYTEST_ADDOPTS"] = " ".join([complete["PYTEST_ADDOPTS"], *NOT_REWRITTEN])
        with NamedTemporaryFile(dir=self.folder, suffix=".log") as file:
            output = Path(file.name)
            with module_process(
                module, arguments, environ=complete, output=output, cwd=self.cwd
            ) as command:
                command.join(TIMEOUT)
                code = command.exitcode
            told = output.read_text(encoding="utf-8")
        assert code is not None, f"no end within {TIMEOUT:g} s: {told}"
        return Ran(code, told)


@contextmanager
def a_miner_that_answers(answers: Mapping[str, tuple[int, object]]) -> Iterator[str]:
    """A server with an answer for each path (by prefix, the longest first); 404 for others.

    An answer is a status and a body: bytes as they are, anything else as JSON.
    """

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = [prefix for prefix in answers if self.path.startswith(prefix)]
            status, body = answers[max(known, key=len)] if known else (404, {"detail": "none"})
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

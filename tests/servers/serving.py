"""Servers that nobody here wrote, each started with a small predictor on a free port."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncproof.harness.processes import Supervised, wait_until_ready
from asyncproof.worker.ports import HOST, free_port

PREDICTORS = Path(__file__).with_name("predictors")
START_TIMEOUT = 120.0  # seconds; they import much


@dataclass(frozen=True)
class RealServer:
    """One kind of server. ``command`` are the words after Python's, given a port; ``ready`` is a
    page that answers 200 once jobs are taken, and has ``said`` in it. ``openapi`` is the path of
    its OpenAPI document, if it has one."""

    name: str
    command: Callable[[int], list[str]]
    environ: Callable[[int], dict[str, str]] = lambda _: {}
    ready: str = "/"
    said: str = ""
    openapi: str = ""

    def __str__(self) -> str:
        return self.name


def _runpod(port: int) -> list[str]:
    return ["runpod_handler.py", "--rp_serve_api", f"--rp_api_port={port}", f"--rp_api_host={HOST}"]


def _bentoml(port: int) -> list[str]:
    return ["-m", "bentoml", "serve", "service:Pictures", f"--port={port}", f"--host={HOST}"]


def _cog_environ(port: int) -> dict[str, str]:
    stub = "predict.py:Predictor"
    return {"PORT": str(port), "COG_PREDICT_TYPE_STUB": stub, "COG_MAX_CONCURRENCY": "4"}


RUNPOD = RealServer("runpod", _runpod, openapi="/openapi.json")
BENTOML = RealServer(
    "bentoml",
    _bentoml,
    lambda _: {"BENTOML_DO_NOT_TRACK": "1"},
    "/readyz",
    openapi="/docs.json",
)
COG = RealServer(
    "cog",
    lambda _: ["-m", "cog.server.http", f"--host={HOST}"],
    _cog_environ,
    "/health-check",
    "READY",
)
SERVERS = (RUNPOD, BENTOML, COG)


@contextmanager
def serving(server: RealServer, python: Path, broken: str, log: Path) -> Iterator[str]:
    """The url of a server whose predictor is ``broken`` in this way (empty: it is sound)."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    # Cog starts its worker with the `python` that it finds on the PATH.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "BREAK": broken, "PYTHONDONTWRITEBYTECODE": "1"}
    with Supervised(
        [str(python), *server.command(port)],
        name=server.name,
        env=environ | server.environ(port),
        cwd=PREDICTORS,
        log=log,
    ) as process:
        wait_until_ready(process, lambda: _is_ready(url + server.ready, server.said), START_TIMEOUT)
        yield url


def _is_ready(url: str, said: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return said in answer.read().decode("utf-8", "replace")
    except (urllib.error.URLError, OSError):
        return False

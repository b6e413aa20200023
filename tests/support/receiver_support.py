"""A callback server in a thread, and the bytes that miners and strangers send it."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from asyncproof.history.events import Delivered, NemesisActed
from asyncproof.receiver.callback_server import CallbackServer

SECRET = "test-secret"
DEADLINE = 20.0
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

T = TypeVar("T")


class Running:
    """A server, what it has emitted, and a way to call it from the test's thread."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop, **settings: Any) -> None:
        self.loop = loop
        self.events: list[Delivered | NemesisActed] = []
        self.changed = threading.Condition()
        self.server = CallbackServer(folder, on_event=self.emit, **settings)

    def emit(self, event: Delivered | NemesisActed) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def call(self, make: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await make()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(DEADLINE)

    def do(self, act: Callable[[], T]) -> T:
        async def run() -> T:
            return act()

        return self.call(run)

    @property
    def folder(self) -> Path:
        return self.server.folder

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.port

    def deliveries(self, count: int = 1) -> list[Delivered]:
        """The first ``count`` deliveries, waiting for them to be finished."""
        return [e for e in self.wait_for_events(Delivered, count) if isinstance(e, Delivered)]

    def delivery(self) -> Delivered:
        return self.deliveries(1)[0]

    def wait_for_events(self, kind: type, count: int) -> list[Delivered | NemesisActed]:
        def found() -> list[Delivered | NemesisActed]:
            return [e for e in self.events if isinstance(e, kind)]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, DEADLINE), found()
            return found()

    def wait_for_delivery(self, wanted: Callable[[Delivered], bool]) -> Delivered:
        def found() -> list[Delivered]:
            return [e for e in self.events if isinstance(e, Delivered) and wanted(e)]

        with self.changed:
            assert self.changed.wait_for(found, DEADLINE), self.events
            return found()[0]

    def files(self) -> set[str]:
        """Every file in the folder and beside it, the lock of the running server aside."""
        around = self.folder.parent
        every = (p.relative_to(around).as_posix() for p in around.rglob("*") if p.is_file())
        return {p for p in every if not p.endswith("/lock")}

    def images(self) -> set[str]:
        return {p.name for p in (self.folder / "images").iterdir()}


@contextlib.contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Running]:
    """A callback server on a free port, with an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    run = Running(folder, loop, **settings)
    try:
        run.call(run.server.start)
        try:
            yield run
        finally:
            run.call(run.server.stop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def part(name: str, value: bytes, *headers: str, filename: str | None = None) -> bytes:
    """One part of a form, its headers as given or as a client would write them."""
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = "\r\n".join([disposition, *headers])
    return lines.encode() + b"\r\n\r\n" + value


def form(*parts: bytes, boundary: str = "xyz") -> bytes:
    limit = b"--" + boundary.encode()
    return b"".join(limit + b"\r\n" + p + b"\r\n" for p in parts) + limit + b"--\r\n"


def callback(job_id: str = "job-1", status: str = "completed", image: bytes | None = PNG) -> bytes:
    """The body of an ordinary callback with the boundary ``xyz``."""
    parts = [
        part("job_id", job_id.encode()),
        part("status", status.encode()),
        part("completed_at", b"2026-01-02T03:04:05Z"),
    ]
    if image is not None:
        parts.append(part("image", image, "Content-Type: image/png", filename="result.png"))
    return form(*parts)


MULTIPART = 'multipart/form-data; boundary="xyz"'


def head(
    length: int | None,
    *extra: str,
    path: str = "/callback",
    method: str = "POST",
    secret: str | None = SECRET,
    content_type: str | None = MULTIPART,
) -> bytes:
    """The head of a callback request, byte for byte."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    if secret is not None:
        lines.append(f"X-Callback-Secret: {secret}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, *extra, "", ""]).encode("latin-1")


def connect(run: Running) -> socket.socket:
    return socket.create_connection(run.address, timeout=DEADLINE)


def answer_of(sock: socket.socket) -> Response | None:
    """The next response on a connection; None where it was closed or reset without one."""
    response = http.client.HTTPResponse(sock)
    try:
        response.begin()
        body = response.read()
    except (ConnectionError, http.client.BadStatusLine):
        return None
    finally:
        response.close()
    return Response(response.status, body, {k.lower(): v for k, v in response.getheaders()})


def send(run: Running, data: bytes) -> Response | None:
    """Send bytes on a connection of their own, and read one response."""
    with connect(run) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
        return answer_of(sock)


def post(run: Running, body: bytes | None = None, *extra: str, **how: Any) -> Response:
    """Post a callback (an ordinary one unless given) and insist on an answer."""
    body = callback() if body is None else body
    response = send(run, head(len(body), *extra, **how) + body)
    assert response is not None, "the connection was closed without an answer"
    return response


def get(run: Running, path: str, *extra: str) -> Response:
    lines = [f"GET {path} HTTP/1.1", *(extra or ("Host: localhost",)), "Connection: close", "", ""]
    response = send(run, "\r\n".join(lines).encode("latin-1"))
    assert response is not None
    return response

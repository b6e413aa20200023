"""What the callback server shows: the dashboard, ``/callbacks``, ``/events``, the pictures.

Reading is open to whoever can reach the port, as the callbacks themselves are no secret; but only
under a host name that is this machine's, so that no foreign page can read them through a browser.
"""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiohttp import hdrs, web

from tests.e2e.async_inference.receiver import names
from tests.e2e.async_inference.receiver.ledger import Ledger
from tests.e2e.async_inference.receiver.looks import Looks

_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_FOREIGN = (
    "open this page as localhost or by an IP address, or give its name in ASYNC_CALLBACK_BASE_URL"
)
_BATCH = 200
_HEARTBEAT = 15.0
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def is_our_host(host: str, ours: Collection[str]) -> bool:
    """Whether a ``Host`` header names this machine: an IP address, localhost, or one of ``ours``.

    A page that rebinds its own name to our address cannot forge an address here.
    """
    name = urlsplit(f"//{host}").hostname if "@" not in host else None
    if name is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost") or name in ours
    return True


def is_our_origin(origin: str | None, host: str) -> bool:
    """Whether a request comes from our own page, or from no page at all."""
    return origin is None or urlsplit(origin).netloc == host


class Pages:
    """Answers everything that is not a callback."""

    def __init__(self, ledger: Ledger, images: Path, *, hosts: Collection[str]) -> None:
        self._ledger = ledger
        self._images = images
        self._hosts = {socket.gethostname().lower(), *hosts}
        self._closing = asyncio.Event()
        self._looks = Looks()

    def close(self) -> None:
        """End the event streams, and the looking at pictures."""
        self._closing.set()
        self._looks.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            return _text(404, "nothing is here; callbacks go to POST /callback")
        host = request.headers.get(hdrs.HOST, "")
        if not _ours(host, request.headers.get(hdrs.ORIGIN), self._hosts):
            return _text(403, _FOREIGN)
        path = request.rel_url.raw_path
        if path == "/events":
            return await self._events(request)
        match path.split("/")[1:]:
            case ["thumbnails" | "looks" as what, name]:
                return await self._look(what, name)
        return self._page(request, path)

    def _page(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        match path.split("/")[1:]:
            case [""]:
                return _static("dashboard.html")
            case ["static", name]:
                return _static(name)
            case ["callbacks"]:
                return self._callbacks(request)
            case ["callbacks", job_id]:
                return _json(self._ledger.of_job(unquote(job_id)))
            case ["images", name]:
                return self._image(name)
        return _text(404, "nothing is here; the dashboard is at /")

    def _callbacks(self, request: web.BaseRequest) -> web.Response:
        since = _number(request.query.get("since", "0"))
        if since is None:
            return _text(400, "since must be a number: /callbacks?since=12")
        return _json(self._ledger.since(since))

    async def _look(self, what: str, name: str) -> web.StreamResponse:
        """A thumbnail, or what is known of the picture. Both stay as they are, as the file does."""
        path = self._stored(name)
        if path is None:
            return _text(404, "no such picture")
        look = await self._looks.at(path)
        headers = {**_HEADERS, "Cache-Control": "private, max-age=86400"}
        if what == "looks":
            told = {"problem": look.problem, "width": look.width, "height": look.height}
            return web.Response(
                text=json.dumps(told), content_type="application/json", headers=headers
            )
        if look.thumbnail:
            return web.Response(body=look.thumbnail, content_type="image/webp", headers=headers)
        return self._image(name) if look.showable else _text(404, look.problem)

    def _stored(self, name: str) -> Path | None:
        path = self._images / name
        return path if names.may_be_stored(name) and path.is_file() else None

    def _image(self, name: str) -> web.StreamResponse:
        path = self._stored(name)
        if path is None:
            return _text(404, "no such picture")
        with path.open("rb") as file:
            start = file.read(16)
        kind = next((t for magic, t in _MAGIC if start.startswith(magic)), "")
        if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            kind = "image/webp"
        headers = {**_HEADERS, "Content-Type": kind or "application/octet-stream"}
        if not kind:
            headers["Content-Disposition"] = "attachment"
        return web.FileResponse(path, headers=headers)

    async def _events(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events: each entry as it is recorded, with its number as the event's id.

        The stream begins after ``?since=n``, or with the ``?last=n`` entries there are. A slow
        reader holds nothing in memory: it has a place in the list, not a queue.
        """
        after = self._place(request)
        if after is None:
            return _text(400, "a number is needed: /events?since=12 or /events?last=100")
        stream = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"retry: 1000\n\n")
        while not self._closing.is_set():
            lines = self._ledger.since(after)[:_BATCH]
            for line in lines:
                after = json.loads(line)["number"]
                await stream.write(b"id: %d\ndata: %s\n\n" % (after, line))
            if not lines and not await self._news():
                await stream.write(b": still here\n\n")
        return stream

    def _place(self, request: web.BaseRequest) -> int | None:
        """The number after which the stream goes on; None where it was asked for in vain."""
        resumed = request.headers.get("Last-Event-ID") or request.query.get("since")
        if resumed is not None:
            return _number(resumed)
        wanted = _number(request.query.get("last", "0"))
        return None if wanted is None else max(0, self._ledger.last - wanted)

    async def _news(self) -> bool:
        """Wait for the next entry; False when the heartbeat is due or the server closes."""
        waits = {asyncio.ensure_future(w) for w in (self._ledger.news(), self._closing.wait())}
        done, pending = await asyncio.wait(
            waits, timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in pending:
            wait.cancel()
        return bool(done)


def _ours(host: str, origin: str | None, hosts: Collection[str]) -> bool:
    try:
        return is_our_host(host, hosts) and is_our_origin(origin, host)
    except ValueError:
        return False


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers=_HEADERS)


def _json(lines: list[bytes]) -> web.Response:
    body = b"[" + b",\n".join(lines) + b"]\n"
    return web.Response(body=body, content_type="application/json", headers=_HEADERS)


def _static(name: str) -> web.Response:
    path = _STATIC / name
    if path.suffix not in _TYPES or path.parent != _STATIC or not path.is_file():
        return _text(404, "nothing is here; the dashboard is at /")
    return web.Response(
        body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8", headers=_HEADERS
    )

"""The pages of the callback server: the dashboard, ``/callbacks``, ``/events``, the images.

Reading may need a token, and is possible only under a host name that is this machine's, so that no
foreign page can read callbacks through a browser.
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
from prometheus_client import CONTENT_TYPE_LATEST

from asyncproof.receiver.access import ViewAccess
from asyncproof.receiver.dashboard import openapi
from asyncproof.receiver.dashboard.gate import Gate
from asyncproof.receiver.dashboard.thumbnails import PictureSummary, Thumbnails
from asyncproof.receiver.http.server import Connection
from asyncproof.receiver.metrics import Metrics
from asyncproof.receiver.storage import names
from asyncproof.receiver.storage.entries import decode
from asyncproof.receiver.storage.index import CallbackIndex

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
    "open this page as localhost or by an IP address, or set its name in ASYNC_CALLBACK_BASE_URL"
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
    """Whether a request comes from our own page, or not from a page at all."""
    return origin is None or urlsplit(origin).netloc == host


class Pages:
    """Answers every request that is not a callback."""

    def __init__(
        self,
        index: CallbackIndex,
        images: Path,
        *,
        hosts: Collection[str],
        access: ViewAccess | None = None,
        metrics: Metrics | None = None,
        example: str = "",
    ) -> None:
        """``example`` is a command that sends a callback by hand; empty where there is none."""
        self._index = index
        self._images = images
        self._hosts = {socket.gethostname().lower(), *hosts}
        self._gate = None if access is None else Gate(access, _HEADERS)
        self._example = example
        self._closing = asyncio.Event()
        self._thumbnails = Thumbnails()
        self._metrics = metrics or Metrics()
        self._metrics.judged = self._thumbnails.judged

    async def judged(self, image: Path) -> PictureSummary:
        """An image as the dashboard shows it."""
        return await self._thumbnails.at(image)

    def close(self) -> None:
        """End the event streams and the thumbnails."""
        self._closing.set()
        self._thumbnails.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path == "/health":  # says nothing that anybody may not know
            return web.json_response({"status": "ok"}, headers=_HEADERS)
        refusal = self._refusal(request, path)
        if refusal is not None:
            return refusal
        if path == "/events":
            return await self._events(request)
        match path.split("/")[1:]:
            case ["thumbnails" | "looks" | "regions" as what, name]:
                return await self._look(what, name)
            case ["callbacks", *place]:
                return self._listed(request, [unquote(part) for part in place])
        return self._page(path)

    def _refusal(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """The answer for whoever may not look; None for everybody else."""
        reads = request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
        if not reads and not (request.method == hdrs.METH_DELETE and path == "/callbacks"):
            return _text(404, "nothing is here; callbacks go to POST /callback")
        host = request.headers.get(hdrs.HOST, "")
        if not _ours(host, request.headers.get(hdrs.ORIGIN), self._hosts):
            return _text(403, _FOREIGN)
        return None if self._gate is None else self._gate.stop(request)

    def _listed(self, request: web.BaseRequest, place: list[str]) -> web.StreamResponse:
        match place:
            case []:
                if request.method == hdrs.METH_DELETE:
                    return web.json_response({"hidden": self._index.clear()}, headers=_HEADERS)
                return self._callbacks(request)
            case [job_id]:
                return _json(self._index.of_job(job_id))
            case [job_id, "image"]:
                return self._latest_image(job_id)
        return _text(404, "nothing is here; the dashboard is at /")

    def _page(self, path: str) -> web.StreamResponse:
        match path.split("/")[1:]:
            case ["" | "job" as page]:
                return _static(f"{page or 'dashboard'}.html")
            case ["static", name]:
                return _static(name)
            case ["images", name]:
                return self._image(name)
            case ["openapi.json" | "metrics" | "example" as what]:
                return self._document(what)
        return _text(404, "nothing is here; the dashboard is at /")

    def _document(self, what: str) -> web.Response:
        match what:
            case "openapi.json":
                body, kind = openapi.document(), "application/json"
                return web.Response(body=body, content_type=kind, headers=_HEADERS)
            case "metrics":
                headers = {**_HEADERS, hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST}
                return web.Response(body=self._metrics.text(), headers=headers)
        return _text(200, self._example)

    def _callbacks(self, request: web.BaseRequest) -> web.Response:
        since = _number(request.query.get("since", "0"))
        if since is None:
            return _text(400, "since must be a number: /callbacks?since=12")
        statuses, job_id = request.query.getall("status", []), request.query.get("job_id")
        lines = self._index.since(since) if job_id is None else self._index.of_job(job_id, since)
        return _json([line for line in lines if not statuses or decode(line).status in statuses])

    def _latest_image(self, job_id: str) -> web.StreamResponse:
        images = [decode(line).image for line in self._index.of_job(job_id)]
        latest = next((image for image in reversed(images) if image is not None), None)
        if latest is None:
            return _text(404, "no picture of this job")
        return self._image(latest.path.removeprefix("images/"))

    async def _look(self, what: str, name: str) -> web.StreamResponse:
        """A thumbnail, or facts about the image. All are constant, like the file."""
        path = self._stored(name)
        if path is None:
            return _text(404, "no such picture")
        headers = {**_HEADERS, "Cache-Control": "private, max-age=86400"}
        if what == "regions":
            return web.json_response(await self._thumbnails.regions(path), headers=headers)
        summary = await self._thumbnails.at(path)
        if what == "looks":
            told = {"problem": summary.problem, "width": summary.width, "height": summary.height}
            return web.Response(
                text=json.dumps(told), content_type="application/json", headers=headers
            )
        if summary.thumbnail:
            return web.Response(body=summary.thumbnail, content_type="image/webp", headers=headers)
        # Not 404, which a browser would complain about: there is a file, and nothing to show of it.
        return self._image(name) if summary.showable else web.Response(status=204, headers=headers)

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
        reader uses no memory: it has a position in the list, not a queue.
        """
        after = self._place(request)
        if after is None:
            return _text(400, "expected a number: /events?since=12 or /events?last=100")
        stream = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"retry: 1000\n\n")
        connection = request.protocol
        assert isinstance(connection, Connection)
        while not self._closing.is_set() and not connection.is_lost:
            lines = self._index.since(after)[:_BATCH]
            for line in lines:
                after = json.loads(line)["number"]
                await stream.write(b"id: %d\ndata: %s\n\n" % (after, line))
            if not lines and not await self._news(connection):
                await stream.write(b": still here\n\n")
        return stream

    def _place(self, request: web.BaseRequest) -> int | None:
        """The number after which the stream continues; None if it is invalid."""
        resumed = request.headers.get("Last-Event-ID") or request.query.get("since")
        if resumed is not None:
            return _number(resumed)
        wanted = _number(request.query.get("last", "0"))
        return None if wanted is None else max(0, self._index.last - wanted)

    async def _news(self, connection: Connection) -> bool:
        """Wait for the next entry, or for an end of the stream; False when the heartbeat is due."""
        awaited = (self._index.news(), self._closing.wait(), connection.gone.wait())
        waits = {asyncio.ensure_future(w) for w in awaited}
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

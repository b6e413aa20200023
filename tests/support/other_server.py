"""A small server that speaks another dialect than the documents': a queue with JSON webhooks."""

import base64
import hashlib
import hmac
import io
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import numpy as np
from PIL import Image

PROFILE = """\
description = "a queue with JSON webhooks"

[submit]
method = "PUT"
path = "/jobs"
headers = { X-Mode = "async" }
id = "job.number"
state = "job.state"
busy = [503]

[submit.body]
hook = "{callback_url}"

[submit.body.picture]
text = "{prompt}"
seed = "{seed}"
size = ["{width}", "{height}"]

[status]
path = "/jobs?number={id}"
id = "number"
state = "state"

[status.words]
waiting = "queued"
working = "processing"
done = "completed"

[status.progress]
at = "share"
unit = "fraction"

[result]
place = "pictures.*.href"

[callback]
body = "json"
id = "number"
state = "state"
picture = "inline"
proof = "nothing"
promise = "at least once"
delivery_id = "Webhook-Id"
"""
# The same server, as somebody describes it who may not ask for jobs.
WITHOUT_POLLING = f"""{PROFILE[: PROFILE.index("[status]")]}
{PROFILE[PROFILE.index("[callback]") :]}
[callback.words]
waiting = "queued"
done = "completed"
"""


# One that tells of all that happens to a job.
CHATTY = PROFILE.replace('body = "json"\n', 'body = "json"\nevents = "all"\n')


@dataclass
class QueueServer:
    """Jobs by number. A job gets on when it is asked for, or is ``prompt`` at once; each callback
    is delivered ``times`` over with one id, each in as many ``tries`` until it is taken, with the
    ``secret``, if there is one, and signed with it. The first submission is refused as ``busy``.
    Where there is a ``key``, every request has to bring it in X-Key; ``keys`` are those that
    came."""

    prompt: bool = False
    times: int = 2
    tries: int = 1
    same_id: bool = True
    secret: str = ""
    key: str = ""
    keys: set[str | None] = field(default_factory=set)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    busy: bool = True
    turns: threading.Lock = field(default_factory=threading.Lock)
    sent: list[threading.Thread] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def submit(self, body: dict[str, Any], headers: Any) -> tuple[int, dict[str, Any]]:
        with self.turns:
            busy, self.busy = self.busy, False
        if busy:
            return 503, {"error": "try again"}
        assert headers["X-Mode"] == "async"
        number = str(next(self.numbers))
        self.jobs[number] = {"state": "waiting", "share": 0.0, "asked": body}
        self.has_become(number, "waiting")
        if self.prompt:
            self._end(number)
        return 202, {"job": {"number": int(number), "state": "waiting"}}

    def status(self, number: str) -> tuple[int, dict[str, Any]]:
        job = self.jobs[number]
        told = {"number": int(number), "state": job["state"], "share": job["share"]}
        if job["state"] == "waiting":
            job |= {"state": "working", "share": 0.5}
            self.has_become(number, "working")
        elif job["state"] == "working":
            self._end(number)
        else:
            told["pictures"] = [{"href": f"/pictures/{number}"}, {"href": f"/pictures/{number}"}]
        return 200, told

    def picture(self, number: str) -> bytes:
        asked = self.jobs[number]["asked"]["picture"]
        chance = np.random.default_rng(asked["seed"])
        width, height = asked["size"]
        coarse = Image.fromarray(chance.integers(40, 215, (5, 5, 3), dtype=np.uint8))
        soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
        grainy = np.clip(soft + chance.normal(0, 6, (height, width, 1)), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(grainy).save(file, "PNG")
        return file.getvalue()

    def _end(self, number: str) -> None:
        job = self.jobs[number]
        job |= {"state": "done", "share": 1.0}
        self.has_become(number, "done")

    def has_become(self, number: str, state: str) -> None:
        """A job has this state now: a callback tells of its end, while work goes on."""
        if state == "done":
            sending = threading.Thread(target=self._deliver, args=(number,))
            sending.start()
            self.sent.append(sending)

    def _deliver(self, number: str) -> None:
        for turn in range(self.times):
            self.post(number, "done", number if self.same_id else f"{number}-{turn}")

    def post(self, number: str, state: str, identity: str) -> None:
        """Send a callback about this state; the one about the end has the picture."""
        url, told = self.jobs[number]["asked"].get("hook"), {"number": int(number), "state": state}
        if not url:
            return
        inline = {"inline": base64.b64encode(self.picture(number)).decode()}
        body = json.dumps(told | (inline if state == "done" else {})).encode()
        headers = {"Content-Type": "application/json", "Webhook-Id": identity}
        if self.secret:
            signed = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers |= {"X-Hub-Signature-256": f"sha256={signed}", "X-Plain": self.secret}
        request = urllib.request.Request(url, body, headers)
        for _ in range(self.tries):
            with suppress(OSError):  # refused, or nobody listens any more
                urllib.request.urlopen(request, timeout=60).close()
                break


@dataclass
class ChattyServer(QueueServer):
    """It tells of all that happens, one callback after another: that a job waits, that it is at
    work (twice: as where a log grows), and its end. ``afterwards`` is what it says of it then."""

    times: int = 1
    afterwards: str = ""

    def has_become(self, number: str, state: str) -> None:
        for turn in range(2 if state == "working" else 1):
            self.post(number, state, f"{number}-{state}-{turn}")
        if state == "done" and self.afterwards:
            self.post(number, self.afterwards, f"{number}-afterwards")


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for one self.queue."""

    queue: QueueServer

    def do_PUT(self) -> None:
        if not self._is_known():
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(*self.queue.submit(body, self.headers))

    def do_GET(self) -> None:
        if not self._is_known():
            return
        if self.path.startswith("/pictures/"):
            self._send(200, self.queue.picture(self.path.rpartition("/")[2]), "image/png")
        elif self.path.startswith("/jobs?number="):
            self._answer(*self.queue.status(self.path.rpartition("=")[2]))
        else:
            self._answer(404, {})

    def _is_known(self) -> bool:
        brought = self.headers["X-Key"]
        self.queue.keys.add(brought)
        known = self.queue.key in ("", brought)
        if not known:
            self._answer(401, {"error": "who are you?"})
        return known

    def _answer(self, code: int, told: dict[str, Any]) -> None:
        self._send(code, json.dumps(told).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the terminal."""


@contextmanager
def serving(server: QueueServer) -> Iterator[str]:
    """The url of this server, as long as it is needed."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"queue": server}))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        for sending in server.sent:
            sending.join()
        httpd.shutdown()
        httpd.server_close()
        thread.join()

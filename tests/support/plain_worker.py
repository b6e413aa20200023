"""A worker in another style: plain http.server, other paths, other fields. Not a test."""

import argparse
import json
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("plain", "old", "words")


class Handler(BaseHTTPRequestHandler):
    """/healthz, /readyz and /generate."""

    def do_GET(self) -> None:
        answers = {"/healthz": {"state": {"ok": True}}, "/readyz": {"accepting": "yes"}}
        self._send(200 if self.path in answers else 404, answers.get(self.path, {}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body.get("live"):
            self._stream(body["limit"])
        else:
            text = " ".join(WORDS)
            self._send(200, {"result": {"content": text, "count": len(WORDS), "why": "done"}})

    def _stream(self, limit: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number in range(limit):
            self._event(json.dumps({"delta": {"content": WORDS[number % 3]}}))
            time.sleep(0.01)
        self._event("END")

    def _event(self, data: str) -> None:
        self.wfile.write(f": a comment\r\nevent: piece\r\ndata: {data}\r\n\r\n".encode())

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def beat(url: str, name: str, every: float) -> None:
    while True:
        now = datetime.now(UTC).isoformat()
        body = {"worker_id": name, "timestamp": now, "health_status": "healthy"}
        request = urllib.request.Request(f"{url}/v1/heartbeat", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=every):
                pass
        except OSError as error:
            sys.stderr.write(f"no hive: {error}\n")
        time.sleep(every)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int)
    parser.add_argument("--report")
    parser.add_argument("--name")
    parser.add_argument("--every", type=float)
    given = parser.parse_args()
    threading.Thread(target=beat, args=(given.report, given.name, given.every), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", given.listen), Handler).serve_forever()

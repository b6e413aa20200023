"""A process that sends heartbeats for the worker while it is stopped, for one fault."""

import json
import os
import signal
import time
import urllib.request
from typing import Self

import psutil

from reference.worker.heartbeat import rfc3339


class Helper:
    """A context in which the helper runs, if there is a hive."""

    def __init__(self, hive_url: str | None, worker_id: str, interval: float) -> None:
        self._url, self._worker_id, self._interval = hive_url, worker_id, interval
        self._pid = 0

    def __enter__(self) -> Self:
        if self._url:
            worker = psutil.Process()
            if (pid := os.fork()) == 0:
                self._speak(worker)
            self._pid = pid
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _speak(self, worker: psutil.Process) -> None:
        """Runs in the helper; does not return."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while worker.is_running():
            if worker.status() == psutil.STATUS_STOPPED:
                self._beat()
            time.sleep(self._interval)
        os._exit(0)

    def _beat(self) -> None:
        body = {"worker_id": self._worker_id, "timestamp": rfc3339(time.time()), "state": "ready"}
        request = urllib.request.Request(
            f"{self._url}/heartbeat/workers",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

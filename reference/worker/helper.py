"""The fault of a second process that speaks for the worker while the worker itself is stopped."""

import json
import os
import signal
import time
import urllib.request
from typing import Self

import psutil

from reference.worker.faults import Fault
from reference.worker.heartbeat import rfc3339


class Helper:
    """A context in which the helper runs, if ``fault`` wants it."""

    def __init__(
        self, fault: Fault | None, hive_url: str | None, worker_id: str, interval: float
    ) -> None:
        self._wanted = fault is Fault.READY_WHILE_STOPPED and bool(hive_url)
        self._url, self._worker_id, self._interval = hive_url or "", worker_id, interval
        self._pid = 0

    def __enter__(self) -> Self:
        if self._wanted:
            self._worker = psutil.Process()
            if (pid := os.fork()) == 0:
                self._speak()
            self._pid = pid
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _speak(self) -> None:
        """Runs in the helper; does not return."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while self._worker.is_running():
            if self._worker.status() == psutil.STATUS_STOPPED:
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

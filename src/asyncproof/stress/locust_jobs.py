"""The stress run on many machines, by Locust: each user of a worker is one job in flight.

Each worker runs ``asyncproof stress --part`` as a process of its own, with a callback server and a
history of its own, because Locust replaces the sockets and threads of its processes by ones of
gevent. The worker says how many jobs shall be in flight, tells Locust what became of them (a
request ``JOB`` for each stage of each job, a failed request ``FINDING`` for each finding), and
sends the history to the master as it grows. The master makes one run of all parts and ends with
its verdict.

Import it in a locustfile. Needs the extra ``locust``.
"""

import base64
import json
import os
import secrets
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from gevent import subprocess
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from asyncproof.places import HOME

ORDER, FINISH, PART = "asyncproof-order", "asyncproof-finish", "asyncproof-part"
SHIP_EVERY = 1.0  # seconds between two looks at a history that grows
LONGEST_END = 900.0  # seconds that the jobs in flight may take to end
LOOK = 0.1  # seconds
ANY_PORT = "http://127.0.0.1:0"


class JobUser(User):
    """One job in flight, for as long as the user is there."""

    wait_time = constant(0)

    def on_start(self) -> None:
        _worker_of(self.environment).users(+1)

    def on_stop(self) -> None:
        _worker_of(self.environment).users(-1)

    @task
    def keep_a_job_in_flight(self) -> None:
        gevent.sleep(1.0)


@dataclass
class StressWorker:
    """The part of one machine: the process that sends its jobs, and what it tells."""

    environment: Environment
    wanted: int = 0
    part: str = ""
    process: Any = None
    history: Path | None = None
    shipped: int = 0

    def users(self, more: int) -> None:
        self.wanted += more
        self._say()

    def begin(self, order: dict[str, Any]) -> None:
        """Start the process, as the master says."""
        self.part, self.history, self.shipped = order["part"], None, 0
        options = [f"--part={order['part']}", f"--replay={order['seed']}", *order["options"]]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "asyncproof", "stress", "--control", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"ASYNC_CALLBACK_BASE_URL": ANY_PORT, **os.environ, **order["variables"]},
        )
        self._say()
        gevent.spawn(self._follow, self.process)

    def finish(self) -> None:
        """No further job leaves; those in flight end."""
        if self.process is not None:
            with suppress(OSError):  # it has ended
                self.process.stdin.close()

    def _say(self) -> None:
        if self.process is not None and not self.process.stdin.closed:
            with suppress(OSError):  # as above
                self.process.stdin.write(f"users {self.wanted}\n".encode())
                self.process.stdin.flush()

    def _follow(self, process: Any) -> None:
        """Tell what it tells, and send its history; then how it ended."""
        shipping = gevent.spawn(self._ship_for_ever)
        for line in process.stdout:
            self._tell(json.loads(line))
        code = process.wait()
        shipping.kill()
        self._ship()
        self._send(ended=code)

    def _tell(self, told: dict[str, Any]) -> None:
        if "begun" in told:
            self.history = Path(told["begun"]) / "history.ndjson"
        elif "finding" in told:
            self._fire("FINDING", told["clause"], 0.0, told["finding"])
        else:
            failed = "" if told["completed"] else f"{told['job']} did not complete"
            for stage, seconds in told["seconds"].items():
                self._fire("JOB", stage, seconds, "")
            self._fire("JOB", "whole", sum(told["seconds"].values()), failed)

    def _fire(self, kind: str, name: str, seconds: float, failed: str) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=1000.0 * seconds,
            response_length=0,
            exception=AssertionError(failed) if failed else None,
            context={},
        )

    def _ship_for_ever(self) -> None:
        while True:
            gevent.sleep(SHIP_EVERY)
            self._ship()

    def _ship(self) -> None:
        """Send what the history has more than before, in whole lines."""
        if self.history is None or not self.history.exists():
            return
        with self.history.open("rb") as file:
            file.seek(self.shipped)
            more = file.read()
        whole = more[: more.rfind(b"\n") + 1]
        self.shipped += len(whole)
        if whole:
            self._send(lines=base64.b64encode(whole).decode())

    def _send(self, **more: Any) -> None:
        self.environment.runner.send_message(PART, {"part": self.part, **more})


@dataclass
class StressMaster:
    """Gives the orders, collects the parts, and makes one run of them."""

    environment: Environment
    parts: dict[str, str] = field(default_factory=dict)  # with the Locust id of its worker
    ended: dict[str, int] = field(default_factory=dict)
    folder: Path = HOME
    running: bool = False

    def begin(self) -> None:
        """Tell each worker its part."""
        chosen = self.environment.parsed_options
        seed = chosen.run_seed or secrets.randbits(32)
        self.folder = Path(chosen.reports) / f"parts-{time.strftime('%Y%m%d-%H%M%S')}-{seed:x}"
        self.ended, self.running = {}, True
        workers = list(self._workers())
        self.parts = {f"{n}/{len(workers)}": name for n, name in enumerate(workers, 1)}
        variables = {"ASYNC_MINER_URL": self.environment.host} if self.environment.host else {}
        options = [f"--jobs={chosen.jobs}"] if chosen.jobs else ["--duration=1000h"]
        order = {"seed": seed, "options": options, "variables": variables}
        for part, name in self.parts.items():
            self._history(part).parent.mkdir(parents=True)
            self._history(part).touch()
            self._send(ORDER, {**order, "part": part}, name)

    def take(self, told: dict[str, Any]) -> None:
        """A piece of the history of a part, or its end."""
        part = told["part"]
        if "lines" in told:
            with self._history(part).open("ab") as file:
                file.write(base64.b64decode(told["lines"]))
        if "ended" in told:
            self.ended[part] = told["ended"]
            if not self._missing() and self.running:
                gevent.spawn(self._end_test)

    def finish(self) -> None:
        """Wait for the ends of all parts, and say how the whole ended; once for each test."""
        if not self.running:
            return
        self.running = False
        for part, name in self.parts.items():
            if part not in self.ended:
                self._send(FINISH, {}, name)
        until = time.monotonic() + LONGEST_END
        while self._missing() and time.monotonic() < until:
            gevent.sleep(LOOK)
        command = [sys.executable, "-m", "asyncproof", "merge", str(self.folder)]
        options = [f"--report-dir={self.environment.parsed_options.reports}"]
        self.environment.process_exit_code = subprocess.call([*command, *options])

    def _end_test(self) -> None:
        runner = self.environment.runner
        if self.environment.parsed_options.headless:
            runner.quit()
        else:
            runner.stop()

    def _missing(self) -> list[str]:
        """Parts that are still to end, and whose worker is alive."""
        alive = set(self._workers())
        return [
            part for part, name in self.parts.items() if part not in self.ended and name in alive
        ]

    def _workers(self) -> Iterator[str]:
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            yield ""
            return
        yield from (c.id for c in runner.clients.values() if c.state != STATE_MISSING)

    def _history(self, part: str) -> Path:
        return self.folder / part.replace("/", "-of-") / "history.ndjson"

    def _send(self, kind: str, data: dict[str, Any], worker: str) -> None:
        more = {"client_id": worker} if worker else {}
        self.environment.runner.send_message(kind, data, **more)


_WORKERS: dict[Environment, StressWorker] = {}


def _worker_of(environment: Environment) -> StressWorker:
    return _WORKERS[environment]


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    """``--jobs``, ``--run-seed`` and ``--reports``, beside Locust's own."""
    parser.add_argument(
        "--jobs", type=int, default=0, help="Send so many jobs, all workers together."
    )
    parser.add_argument(
        "--run-seed", type=int, default=0, help="Send what the run of this seed sent."
    )
    parser.add_argument("--reports", default=str(HOME / "reports"), help="Folder for the reports.")


@events.init.add_listener
def take_part(environment: Environment, **_: Any) -> None:
    """Be the worker, the master, or (without --worker and --master) both."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        environment.process_exit_code = 0  # the verdict is the master's
    if not isinstance(runner, MasterRunner):
        worker = _WORKERS[environment] = StressWorker(environment)
        runner.register_message(ORDER, lambda msg, **_: worker.begin(msg.data))
        runner.register_message(FINISH, lambda **_: worker.finish())
    if not isinstance(runner, WorkerRunner):
        master = StressMaster(environment)
        runner.register_message(PART, lambda msg, **_: master.take(msg.data))
        environment.events.test_start.add_listener(lambda **_: master.begin())
        environment.events.test_stop.add_listener(lambda **_: master.finish())
        environment.events.quitting.add_listener(lambda **_: master.finish())

"""An inference process: takes one task after another and reports to the miner.

It ends with the pipe to the miner: a thread that only reads commands ends the process as soon as
the pipe closes, even if the main thread is stuck.
"""

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue

from reference.engine.client import EngineError, ask
from reference.engine.messages import Order
from reference.miner.faults import switched_on
from reference.miner.launch import Launch
from reference.miner.loras import LORAS
from reference.miner.messages import End, Report, State, Task
from reference.miner.pictures.canvas import Canvas
from reference.miner.pictures.kinds import Pixels
from reference.miner.pictures.png import encode, write_atomically
from reference.miner.seams import Beat, Chain
from reference.miner.triggers import armed_by_task

PR_SET_PDEATHSIG = 1


class WorkFailed(Exception):  # noqa: N818 - an outcome of a task, not of the program
    """A task that cannot be done; the message says why and goes to the client."""


def run(launch: Launch, pipe: Connection, output: Connection) -> None:
    """The process's main function; returns when told to end."""
    _settle_in(output)
    commands: SimpleQueue[Task | End] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, commands), daemon=True).start()
    worker = Worker(launch, pipe, Chain(switched_on(launch.faults, launch.number), armed_by_task))
    worker.start()
    while isinstance(command := _next(commands, worker, launch.heartbeat), Task):
        worker.work(command)
    worker.say(State.ENDING)


def _next(commands: "SimpleQueue[Task | End]", worker: "Worker", heartbeat: float) -> Task | End:
    while True:
        try:
            return commands.get(timeout=heartbeat)
        except Empty:
            worker.say(State.WAITING)


def _settle_in(output: Connection) -> None:
    """The miner ends its processes itself, so they ignore signals to its process group; their
    output goes to the miner; and the kernel ends them with their parent, even while they are
    stopped."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()
    # Each process inherits the fd that keeps the fork server alive; a stopped one would keep both
    # alive for ever.
    alive = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)
    if alive is not None:
        os.close(alive)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _listen(pipe: Connection, commands: "SimpleQueue[Task | End]") -> None:
    try:
        while True:
            commands.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)


class Worker:
    """The main thread of an inference process."""

    def __init__(self, launch: Launch, pipe: Connection, seams: Chain) -> None:
        self._launch = launch
        self._pipe = pipe
        self._seams = seams
        self._loaded: set[str] = set()

    def say(
        self,
        state: State,
        task: Task | None = None,
        percent: float | None = None,
        detail: str = "",
    ) -> None:
        """Send one report. Ends the process if the miner is gone."""
        report = Report(
            launch=self._launch.number,
            state=state,
            key=task.key if task else None,
            percent=percent,
            detail=detail,
        )
        try:
            self._pipe.send(report)
        except OSError:
            os._exit(0)

    def start(self) -> None:
        """Load the model and wait for the first task."""
        self._enter(State.STARTING)
        self._enter(State.PRELOADING)
        self.say(State.WAITING)

    def work(self, task: Task) -> None:
        """Do one task; after a failure, the next one can follow."""
        try:
            self._draw(task)
        except WorkFailed as why:
            self.say(State.FAILED, task, detail=str(why))
        except MemoryError:
            self.say(State.FAILED, task, detail="out of memory")
        except Exception as error:  # an error of this task must not affect the next one
            traceback.print_exc()
            self.say(State.FAILED, task, detail=f"{type(error).__name__}: {error}")
        else:
            self.say(State.COMPLETE, task, 100.0)
        self.say(State.WAITING)

    def _draw(self, task: Task) -> None:
        if task.lora:
            self._load_lora(task, task.lora)
        self._enter(State.INFERRING, task)
        pixels = self._denoise(task)
        self._enter(State.POST_PROCESSING, task, 100.0)
        data = self._seams.file(task, encode(self._seams.pixels(task, pixels)))
        write_atomically(Path(task.path), data)

    def _load_lora(self, task: Task, lora: str) -> None:
        if lora not in LORAS and not self._launch.engine:
            raise WorkFailed(f"lora_path {lora!r} is unknown; this miner offers {', '.join(LORAS)}")
        if lora not in self._loaded:
            self._enter(State.DOWNLOADING, task)
            self._loaded.add(lora)

    def _denoise(self, task: Task) -> Pixels:
        return self._sampled(task) if self._launch.engine else self._drawn(task)

    def _sampled(self, task: Task) -> Pixels:
        """What the engine makes of it, together with the tasks of other processes."""
        beat = self._beat(State.INFERRING, task)
        order = Order(
            prompt=task.prompt,
            width=task.width,
            height=task.height,
            steps=task.steps,
            guidance=task.guidance,
            seed=task.seed,
            lora=task.lora,
            source=task.source,
        )
        try:
            for said in ask(self._launch.engine, order):
                if not isinstance(said, float):
                    return said
                beat(self._seams.step(task, said, beat))
        except EngineError as error:
            raise WorkFailed(str(error)) from error
        raise WorkFailed("the engine made no picture")

    def _drawn(self, task: Task) -> Pixels:
        """From noise to a picture in ``task.steps`` steps, each with its share of the time."""
        began = time.monotonic()
        beat = self._beat(State.INFERRING, task)
        try:
            canvas = Canvas(task)
        except ValueError as error:
            raise WorkFailed(str(error)) from error
        for step in range(1, task.steps + 1):
            canvas.step(step)
            due = began + task.seconds * step / task.steps
            time.sleep(max(0.0, due - time.monotonic()))
            beat(self._seams.step(task, 100.0 * step / task.steps, beat))
        return canvas.pixels()

    def _enter(self, state: State, task: Task | None = None, percent: float | None = None) -> None:
        self.say(state, task, percent)
        self._seams.stage(task, state, self._beat(state, task))

    def _beat(self, state: State, task: Task | None) -> Beat:
        return lambda percent: self.say(state, task, percent)

"""The engine's process: takes orders over a socket, one connection each, and samples them
together."""

import copy
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from reference.engine.adapters import Adapter
from reference.engine.decoder import CELL
from reference.engine.faults import known
from reference.engine.messages import Failed, Finished, Order, Progress, Reply, Training
from reference.engine.sampler import CELLS, Job, RefusedError, Sampler
from reference.engine.training import trained_adapter
from reference.engine.weights import Model, adapter_file, load_adapter, load_model
from reference.engine.words import rows_of
from reference.miner.loras import LORAS
from reference.miner.pictures.kinds import Pixels

STEPS, BATCH = 40, 4  # of a training


class Client:
    """Who waits for one order. What is said to a client that has gone is lost."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.gone = False

    def say(self, reply: Reply) -> None:
        try:
            self._connection.send(reply)
        except OSError:
            self.gone = True

    def progress(self, percent: float) -> None:
        self.say(Progress(percent))


class Engine:
    """One model, the jobs in flight, and the trainings beside them."""

    def __init__(self, *, dtype: str, largest: int, fault: str = "") -> None:
        self._plain = load_model()
        self._sampler = Sampler(
            copy.deepcopy(self._plain),
            {lora: load_adapter(adapter_file(lora)) for lora in LORAS},
            dtype=dtype,
            largest=largest,
            fault=known()[fault]() if fault else None,
        )
        self._arrived: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._clients: dict[Job, Client] = {}

    def serve(self, listener: Listener) -> None:
        """Take orders until the process ends."""
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        while True:
            for take in self._arrivals():
                take()
            for job, pixels in self._sampler.round():
                self._clients.pop(job).say(Finished(pixels))
            for job in [job for job, client in self._clients.items() if client.gone]:
                self._sampler.drop(job)
                del self._clients[job]

    def _arrivals(self) -> Iterator[Callable[[], None]]:
        """All that has come, waiting for something where there is nothing to do."""
        while True:
            try:
                yield self._arrived.get(block=not self._sampler.busy)
            except Empty:
                return

    def _admit(self, order: Order, client: Client) -> None:
        try:
            self._clients[self._sampler.admit(order, client.progress)] = client
        except RefusedError as why:
            client.say(Failed(str(why)))

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except OSError:
                continue  # a client that went before it was greeted
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: Connection) -> None:
        client = Client(connection)
        try:
            asked = connection.recv()
            if isinstance(asked, Training):
                self._train(asked, client)
                return
            self._arrived.put(partial(self._admit, asked, client))
            connection.recv()  # nothing more comes: this ends when the client goes
        except (EOFError, OSError):
            client.gone = True

    def _train(self, asked: Training, client: Client) -> None:
        try:
            adapter = trained(self._plain, asked, client)
        except RefusedError as why:
            client.say(Failed(str(why)))
        except Exception as error:  # a training must not affect anything else
            traceback.print_exc()
            client.say(Failed(f"{type(error).__name__}: {error}"))
        else:
            self._arrived.put(partial(self._sampler.offer, asked.name, adapter))
            client.say(Finished())


def trained(plain: Model, asked: Training, client: Client) -> Adapter:
    """An adapter that draws towards one picture, trained on a copy of the model. Raises
    RefusedError."""
    try:
        with Image.open(io.BytesIO(asked.picture)) as image:
            small: Pixels = np.asarray(image.convert("RGB").resize((CELLS * CELL, CELLS * CELL)))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise RefusedError(f"the picture to train on cannot be read: {error}") from error
    light = torch.from_numpy(small.astype(np.float32)).movedim(-1, 0)[None] / 127.5 - 1
    views = torch.cat([light, light.flip(3)])
    return trained_adapter(
        copy.deepcopy(plain.denoiser),
        plain.latents(views),
        [rows_of(asked.prompt)] * len(views),
        steps=STEPS,
        batch=BATCH,
        seed=0,
        tell=lambda share: client.progress(100 * share),
    )


def end_with_parent() -> None:
    """End this process when its standard input closes, which its parent holds open."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def run(address: Path, *, dtype: str, largest: int, fault: str) -> None:
    """Load, listen at ``address``, say so on standard output, and serve."""
    end_with_parent()
    engine = Engine(dtype=dtype, largest=largest, fault=fault)
    with Listener(str(address), family="AF_UNIX", backlog=128) as listener:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        engine.serve(listener)

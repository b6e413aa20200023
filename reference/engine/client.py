"""The engine as the miner uses it: started, and asked for pictures. Loads no torch."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.connection import Client
from pathlib import Path
from typing import TYPE_CHECKING

import reference
from reference.engine.messages import Failed, Finished, Order, Progress, Training

if TYPE_CHECKING:
    from reference.miner.pictures.kinds import Pixels

NEEDED = ("torch", "safetensors")


class EngineError(RuntimeError):
    """The engine refused an order, or has ended; the message says why."""


@contextmanager
def engine(address: Path, *, dtype: str, largest: int, fault: str = "") -> Iterator[None]:
    """An engine in a process of its own that takes orders at ``address``; ended at the end.

    Raises EngineError if what it needs is not installed, or it does not start.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise EngineError(
            f"the engine needs {' and '.join(missing)}: pip install -r requirements_engine.txt"
        )
    command = [sys.executable, "-m", "reference.engine", str(address), "--dtype", dtype]
    command += ["--max-batch", str(largest), *(("--fault", fault) if fault else ())]
    root = Path(reference.__file__).parent.parent
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,  # it ends with its standard input, not with a signal to a group
    )
    with process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise EngineError("the engine did not start; its own output says why")
            yield
        finally:
            process.kill()


def ask(address: str, asked: Order | Training) -> Iterator["float | Pixels"]:
    """Percentages as they come, then the picture, if there is one. Raises EngineError."""
    try:
        with Client(address, family="AF_UNIX") as connection:
            connection.send(asked)
            while True:
                match connection.recv():
                    case Progress(percent):
                        yield percent
                    case Finished(pixels):
                        if pixels is not None:
                            yield pixels
                        return
                    case Failed(why):
                        raise EngineError(why)
    except (EOFError, OSError) as error:
        raise EngineError("the engine has ended") from error

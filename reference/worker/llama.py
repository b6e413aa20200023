"""A real language model: llama.cpp, in this process, through the package xllamacpp."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from reference.worker.engine import ModelError, Request

ALL_LAYERS = 999
WARNINGS = 1  # llama.cpp's own log level


def _xllamacpp() -> Any:
    return importlib.import_module("xllamacpp")  # optional: requirements_llm_worker.txt


def available() -> bool:
    return importlib.util.find_spec("xllamacpp") is not None


def backends() -> frozenset[str]:
    """The kinds of device that this build of llama.cpp finds here, such as ``cpu`` and ``cuda``."""
    devices = _xllamacpp().get_device_info()
    names = {str(device["name"]).lower().rstrip("0123456789") for device in devices}
    return frozenset(names | {"cpu"})


class LlamaEngine:
    """llama.cpp with the model at ``model``. ``slots`` generations run at once.

    Raises:
        ModelError: llama.cpp cannot load the file.
    """

    name = "llama.cpp"
    note = ""

    def __init__(
        self,
        model: Path,
        *,
        backend: str = "cpu",
        device: int = 0,
        slots: int = 4,
        threads: int = 1,
        port: int = 0,
    ) -> None:
        xllamacpp = _xllamacpp()
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(model)
        parameters.n_parallel = slots
        parameters.cpuparams.n_threads = threads
        parameters.main_gpu = device
        parameters.port = port
        parameters.n_gpu_layers = 0 if backend == "cpu" else ALL_LAYERS
        parameters.warmup = False
        parameters.verbosity = WARNINGS
        try:
            self._server: Any = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp cannot load the model: {model}; it may be incomplete: download it "
                "again, or write a small one with: make tiny-model"
            ) from error

    @property
    def address(self) -> str:
        """The url of llama.cpp's own HTTP server."""
        return str(self._server.listening_address)

    def generate(self, request: Request, emit: Callable[[str], bool]) -> str:
        reason = "stop"

        def take(chunk: dict[str, Any]) -> bool:
            """Returns True to stop, as xllamacpp expects."""
            nonlocal reason
            for choice in chunk.get("choices", ()):
                reason = choice.get("finish_reason") or reason
                if choice.get("text") and not emit(choice["text"]):
                    reason = "cancelled"
                    return True
            return False

        body = {"prompt": request.prompt, "max_tokens": request.max_tokens, "stream": True}
        self._server.handle_completions(body, take)
        return reason

    def close(self) -> None:
        """The server runs until the process ends: see :func:`leave`."""


def leave(code: int) -> NoReturn:
    """End the process without llama.cpp's own clean-up, which can wait forever for a server that is
    ended in the moment of its start (seen in 6 of 14 tries with xllamacpp 2026.10)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

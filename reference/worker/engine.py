"""Engines generate tokens: each runs in a thread and emits pieces of text."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

INSTALL_ENGINE = "pip install -r requirements_llm_worker.txt"


class ModelError(ValueError):
    """A model that cannot be loaded; the message names the file and the cure."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation: at most ``max_tokens`` tokens, fewer if the model ends earlier."""

    prompt: str
    max_tokens: int


class Engine(Protocol):
    """``note`` is shown in the health answer: what a caller should know about this engine."""

    name: str
    note: str

    def generate(self, request: Request, emit: Callable[[str], bool]) -> str:
        """Call ``emit`` with each token until it returns False; the finish reason.

        Blocking. Runs in a thread of its own, and several may run at once.
        """
        ...

    def close(self) -> None: ...


class EchoEngine:
    """Repeats the words of the prompt if there is no model; ``why`` says why."""

    name = "echo"

    def __init__(self, why: str) -> None:
        self.note = f"no language model: {why}"

    def generate(self, request: Request, emit: Callable[[str], bool]) -> str:
        words = request.prompt.split() or ["(silence)"]
        for word in itertools.islice(itertools.cycle(words), request.max_tokens):
            if not emit(f"{word} "):
                return "cancelled"
        return "length"

    def close(self) -> None:
        """Holds nothing."""


class Paced:
    """An engine limited to ``tokens_per_second``, to behave like a bigger model."""

    def __init__(self, engine: Engine, tokens_per_second: float) -> None:
        self._engine, self._pause = engine, 1 / tokens_per_second
        self._closing = threading.Event()
        self.name, self.note = engine.name, engine.note

    def generate(self, request: Request, emit: Callable[[str], bool]) -> str:
        def emit_slowly(token: str) -> bool:
            return not self._closing.wait(self._pause) and emit(token)

        return self._engine.generate(request, emit_slowly)

    def close(self) -> None:
        self._closing.set()
        self._engine.close()


def check_model(path: Path) -> None:
    """Raise ModelError unless ``path`` is a file that begins like a GGUF model."""
    if not path.is_file():
        raise ModelError(
            f"model not found: {path}; give the path of a GGUF file with --model, "
            "or write a small one with: make tiny-model"
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(
                f"not a GGUF model: {path}; convert it to GGUF, or write a small one with: "
                "make tiny-model"
            )

"""The command that started this run, as a person can type it again."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from asyncproof.settings import Settings, variable

SECRETS = ("ASYNC_CALLBACK_SECRET", "ASYNC_CALLBACK_VIEW_TOKEN")
SECRET_FLAGS = ("--callback-secret",)
HIDDEN = "SECRET"


def command(settings: Settings, seed: int, environ: Mapping[str, str]) -> str:
    """Variables, program and arguments, with the run's seed and without its secrets."""
    variables = {variable(name) for name in settings.given}
    mine = {name: environ[name] for name in sorted(variables & environ.keys() - {*SECRETS})}
    mine["ASYNC_RUN_SEED"] = str(seed)
    given = [f"{name}={shlex.quote(text)}" for name, text in mine.items()]
    return " ".join([*given, *map(shlex.quote, without_secrets(sys.argv))])


def without_secrets(arguments: Sequence[str]) -> Iterator[str]:
    """The program by its name, and its arguments with each secret replaced."""
    program, *rest = arguments
    name = PurePath(program).name
    yield from ("python", "-m", PurePath(program).parent.name) if name == "__main__.py" else (name,)
    before = ""
    for word in rest:
        flag, has_value, _ = word.partition("=")
        if before in SECRET_FLAGS:
            yield HIDDEN
        elif has_value and flag in (*SECRETS, *SECRET_FLAGS):
            yield f"{flag}={HIDDEN}"
        else:
            yield word
        before = word

"""The file that declares suites: what each runs, and what it needs while it runs."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

MIB = 2**20
_UNITS = {"MiB": MIB, "GiB": 1024 * MIB}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class SuitesError(ValueError):
    """The file or a name in the call is unusable; the message names the cure."""


class Shard(msgspec.Struct, frozen=True):
    """Part ``index`` of ``count`` of a suite's tests; counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pytest suite. ``pytest`` holds pytest's arguments, relative to the file's ``root``.

    ``memory`` is what all its processes may use together (``"512 MiB"``, ``"2 GiB"``); ``ports``
    names ports that are reserved while it runs, ``exclusive`` names resources that no two suites
    may use at the same time, ``deadline`` is in seconds. Values of ``env`` may contain
    ``{port.NAME}`` and ``{folder}``. ``family`` is the name in the file, which its shards share.
    """

    pytest: tuple[str, ...]
    name: str = ""
    family: str = ""
    cores: float = 1.0
    memory: str = "512 MiB"
    ports: tuple[str, ...] = ()
    exclusive: frozenset[str] = frozenset()
    deadline: float = 1800.0
    env: dict[str, str] = {}
    shard: Shard | None = None

    @property
    def memory_bytes(self) -> int:
        return to_bytes(self.memory)


class SuitesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suites: dict[str, Suite]
    root: str = "."


def to_bytes(amount: str) -> int:
    """``"1.5 GiB"`` in bytes.

    Raises:
        ValueError: no number, or a unit other than MiB and GiB.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MiB|GiB)", amount)
    if match is None:
        raise ValueError(
            f"{amount!r} is not an amount of memory; write for example '512 MiB' or '2 GiB'"
        )
    return int(float(match[1]) * _UNITS[match[2]])


def parse(text: str, source: str) -> tuple[Mapping[str, Suite], str]:
    """The suites by name, and the ``root`` of their paths. Pure.

    Raises:
        SuitesError: not TOML, an unknown key, a value of the wrong type; says where.
    """
    try:
        declared = msgspec.convert(tomllib.loads(text), SuitesFile)
        suites = {
            n: msgspec.structs.replace(s, name=n, family=n) for n, s in declared.suites.items()
        }
        for suite in suites.values():
            _examine(suite)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise SuitesError(f"{source}: {error}") from error
    return suites, declared.root


def _examine(suite: Suite) -> None:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", suite.name):
        raise ValueError(f"suite {suite.name!r}: a name is 1 to 30 of a-z, 0-9 and inner hyphens")
    if suite.cores <= 0 or suite.deadline <= 0 or to_bytes(suite.memory) <= 0:
        raise ValueError(f"suite {suite.name!r}: cores, memory and deadline must be above zero")
    known = {"folder", *(f"port.{port}" for port in suite.ports)}
    for value in suite.env.values():
        for placeholder in _PLACEHOLDER.findall(value):
            if placeholder not in known:
                offered = ", ".join(f"{{{k}}}" for k in sorted(known))
                raise ValueError(f"suite {suite.name!r}: unknown {{{placeholder}}}; use {offered}")


def load(path: Path) -> tuple[Mapping[str, Suite], Path]:
    """The suites that the file declares, and the folder that they run in.

    Raises:
        SuitesError: the file is missing or unusable.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SuitesError(f"{path}: {error.strerror}; name another file: --suites FILE") from error
    suites, root = parse(text, str(path))
    return suites, (path.parent / root).resolve()


def select(suites: Mapping[str, Suite], names: Iterable[str], shards: int = 1) -> list[Suite]:
    """The named suites in the given order, each split into ``shards`` suites.

    Raises:
        SuitesError: a name is not in the file.
    """
    chosen = []
    for name in dict.fromkeys(names):
        if name not in suites:
            offered = ", ".join(sorted(suites)) or "none at all"
            raise SuitesError(f"there is no suite {name!r}; the file declares {offered}")
        chosen.append(suites[name])
    return [part for suite in chosen for part in _cut(suite, shards)]


def _cut(suite: Suite, shards: int) -> list[Suite]:
    if shards == 1:
        return [suite]
    return [
        msgspec.structs.replace(suite, name=f"{suite.name}-{i}", shard=Shard(i, shards))
        for i in range(1, shards + 1)
    ]


def expand(value: str, folder: str, ports: Mapping[str, int]) -> str:
    """A value of ``env`` with its placeholders filled in; other braces are left alone."""
    known = {"folder": folder, **{f"port.{name}": str(port) for name, port in ports.items()}}
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), value)

"""What a stress run is asked to do, as one value."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from asyncproof.driver.http_client import CONNECTIONS
from asyncproof.facts.proof import jobs_to_prove
from asyncproof.workload.shapes import Load, Stages, stages

USUAL_JOBS = 100
AIM = "aim"  # the shape that learns; the others know beforehand when jobs leave
DOCUMENTS_BURST = 10
MOST_FAILURES = 1_000
PROVEN = 0.001  # a rate of 0.1 %, where --until-failure does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class StressOrder:
    """``jobs`` None: as many as ``seconds`` or ``prove`` ask for. ``rate`` None: a closed model.
    ``prove`` is the rate of failures that is to be excluded at 95 %; ``until_failure`` ends the run
    at the first failing job. Without ``loras`` no job has one. Of several machines this is number
    ``part`` (from 0) of ``parts``."""

    jobs: int | None = None
    concurrency: int = DOCUMENTS_BURST
    rate: float | None = None
    shape: str = "steady"
    seconds: float = inf
    until_failure: bool = False
    most_failures: int = MOST_FAILURES
    prove: float | None = None
    connections: int = CONNECTIONS
    loras: bool = True
    part: int = 0
    parts: int = 1

    @property
    def wanted(self) -> float:
        """How many jobs are to be sent at most, all machines together."""
        if self.jobs is not None:
            return self.jobs
        if self.prove is not None or self.until_failure:
            return jobs_to_prove(self.prove or PROVEN)
        return USUAL_JOBS if self.seconds == inf else inf

    @property
    def share(self) -> float:
        """How many of them this machine sends: as many as its numbers are among the first."""
        if self.wanted == inf:
            return inf
        return len(range(self.part or self.parts, int(self.wanted) + 1, self.parts))

    @property
    def concurrency_here(self) -> int:
        """How many jobs this machine has in flight at most."""
        return max(1, -(-self.concurrency // self.parts))

    def check(self) -> None:
        """
        Raises:
            ValueError: the shape is none; the message says what is allowed.
        """
        if self.shape == AIM and self.rate is not None:
            raise ValueError("--shape aim sets its own pace: leave --rate out")
        if self.shape != AIM:
            self.stages(seed=0)

    def stages(self, seed: int) -> Stages:
        """The load of this machine: its part of the jobs in flight and of the rate.

        Raises:
            ValueError: the shape is none.
        """
        rate = None if self.rate is None else self.rate / self.parts
        load = Load(concurrency=self.concurrency_here, rate=rate, seconds=self.seconds, seed=seed)
        return stages(self.shape, load)

    def options(self) -> Iterator[str]:
        """The options of the command line that give this order again."""
        yield f"--jobs={self.wanted:.0f}" if self.wanted < inf else f"--duration={self.seconds:g}s"
        yield f"--concurrency={self.concurrency}"
        yield f"--shape={self.shape}"
        if self.rate is not None:
            yield f"--rate={self.rate:g}"
        if not self.loras:
            yield "--no-loras"
        if self.parts > 1:
            yield f"--part={self.part + 1}/{self.parts}"
        if self.connections != CONNECTIONS:
            yield f"--connections={self.connections}"

    def command(self, seed: int, beside: Iterator[str]) -> str:
        """The command that sends the same submissions again; ``beside`` are options that say
        where to."""
        words = ["asyncproof", "stress", *beside, *self.options(), f"--replay={seed}"]
        return shlex.join(words)


_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_seconds(text: str) -> float:
    """``90``, ``90s``, ``1.5m`` or ``8h``, in seconds.

    Raises:
        ValueError: it is none of these, or nothing.
    """
    match = _SECONDS.fullmatch(text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not seconds:
        raise ValueError(f"{text!r} is no length of time: expected 90s, 5m or 8h")
    return seconds


_PART = re.compile(r"(\d+)/(\d+)")


def read_part(text: str) -> tuple[int, int]:
    """``2/3``, the second of three, as (1, 3).

    Raises:
        ValueError: it is no part.
    """
    match = _PART.fullmatch(text.strip())
    number, parts = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= parts:
        raise ValueError(f"{text!r} is no part: expected 1/3, 2/3 or 3/3 for the three of three")
    return number - 1, parts


def read_share(text: str) -> float:
    """``0.1%`` or ``0.001``, as a number between 0 and 1.

    Raises:
        ValueError: it is none.
    """
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100.0 if text.strip().endswith("%") else 1.0)
    except ValueError:
        share = 0.0
    if not 1e-7 <= share < 1:
        raise ValueError(f"{text!r} is no share: expected a percentage such as 0.1%")
    return share

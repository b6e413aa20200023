"""A stress run that another program controls: how many jobs are in flight comes in as lines, what
becomes of each job goes out as lines of JSON.

In: ``users N`` (so many jobs in flight from now on). The end of the input ends the run: no further
job leaves, and those in flight are followed to their ends.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from asyncproof.harness.verdict import Finding

USERS = "users"


@dataclass(slots=True)
class Commanded:
    """A closed shape whose number of jobs in flight somebody else sets. ``over``: none any more."""

    jobs: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __str__(self) -> str:
        return "as commanded"

    def wait(self, elapsed: float, sent: int, in_flight: int) -> float | None:  # noqa: ARG002
        return None if in_flight >= self.jobs else 0.0

    def late(self, elapsed: float, sent: int) -> float:  # noqa: ARG002
        return 0.0

    def obey(self, lines: Iterable[str]) -> None:
        """Follow the commands until there are no more. What is none of ours is passed over."""
        for line in lines:
            word, _, count = line.strip().partition(" ")
            if word == USERS and count.isdecimal():
                self.jobs = int(count)
        self.over.set()


class Teller:
    """Writes what happens with ``write``, a line of JSON each."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begun(self, folder: str) -> None:
        self._write(json.dumps({"begun": folder}))

    def job(self, name: str, seconds: Mapping[str, float], completed: bool) -> None:
        """A job has ended; ``seconds`` has its stages, as far as they are known."""
        told = {"job": name, "completed": completed, "seconds": dict(seconds)}
        self._write(json.dumps(told))

    def finding(self, finding: Finding) -> None:
        told = {"finding": str(finding), "clause": finding.clause, "job": finding.job}
        self._write(json.dumps(told))

"""Starts the bundled reference miner as a process of its own, known only by its command line."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from asyncproof.harness.processes import Supervised, new_scratch, wait_until_ready
from asyncproof.places import SERVERS

START_TIMEOUT = 60.0


@contextmanager
def reference_miner(arguments: Sequence[str] = (), log: Path | None = None) -> Iterator[str]:
    """The url of a reference miner on a free port; it ends with the context, or with us.

    Raises:
        StartError: it did not come up; the message shows the end of its log.
    """
    scratch = new_scratch()
    ready = scratch / "ready.json"
    command = [sys.executable, "-m", "reference.miner", "--port", "0"]
    command += ["--ready-file", str(ready), *arguments]
    with Supervised(
        command, name="reference miner", cwd=SERVERS, log=log, scratch=scratch
    ) as miner:
        wait_until_ready(miner, ready.exists, START_TIMEOUT)
        yield str(json.loads(ready.read_text())["url"])

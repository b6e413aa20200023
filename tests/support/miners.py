"""Reference miners that start at once, for tests of what talks to them."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.forked import module_process

START_TIMEOUT = 60.0
LOOK = 0.02  # seconds between two looks for a miner that starts


@contextmanager
def forked_miner(arguments: Sequence[str] = (), log: Path | None = None) -> Iterator[str]:
    """The url of a reference miner on a free port; it ends with the context.

    It is what ``asyncproof.run.reference_miner`` starts, without the imports of a new Python, which
    take most of the processor time of a short test. All that it prints goes to ``log``.
    """
    with TemporaryDirectory() as scratch:
        ready, output = Path(scratch, "ready.json"), log or Path(scratch, "miner.log")
        flags = ["--port", "0", "--ready-file", str(ready), *arguments]
        with module_process("reference.miner", flags, environ=os.environ, output=output) as miner:
            for _ in range(int(START_TIMEOUT / LOOK)):
                if ready.exists():
                    break
                assert miner.exitcode is None, output.read_text(encoding="utf-8")
                miner.join(LOOK)
            assert ready.exists(), f"not ready within {START_TIMEOUT:g} s"
            yield str(json.loads(ready.read_text(encoding="utf-8"))["url"])

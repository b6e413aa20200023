"""The Python that has the servers; without it nothing here is collected."""

import os
from pathlib import Path

PYTHON = Path(os.environ.get("SERVERS_PYTHON", ""))

if not PYTHON.is_file():
    collect_ignore_glob = ["test_*.py"]

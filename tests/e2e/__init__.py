"""The suites. In a checkout that is not installed, their code is found in ``src`` beside them."""

import sys
from pathlib import Path

_SOURCE = str(Path(__file__).resolve().parents[2] / "src")
if _SOURCE not in sys.path:
    sys.path.insert(0, _SOURCE)

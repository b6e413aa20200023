"""The callback server by its documented name, also as a script from any folder.

``python tests/e2e/async_inference/callback_server.py``
"""

import sys
from pathlib import Path

if __name__ == "__main__":  # a script's own folder comes first; ``asyncproof`` lies in ``src``
    sys.path[0] = str(Path(__file__).resolve().parents[3] / "src")

from asyncproof.cli.callback_server import callback_server as main
from asyncproof.receiver.callback_server import CallbackServer

__all__ = ["CallbackServer", "main"]

if __name__ == "__main__":
    main()

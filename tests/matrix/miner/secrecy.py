"""SEC: what a look for secrets, and hostile ids and paths, make of each fault."""

from tests.matrix.miner.delivery import BREAKS, REFUSES
from tests.matrix.miner.row import Row, row

TOLD = "test_secrecy.py::test_secrets_are_told_to_nobody"
IDS = "test_secrecy.py::test_ids_are_never_paths"
PATHS = "test_secrecy.py::test_paths_do_not_climb"

ROWS: tuple[Row, ...] = (
    row("secret-in-status serves-files", "SEC-1 SEC-4", TOLD, PATHS),
    row("secret-in-submission trace-in-status", "SEC-1 SEC-5", TOLD),
    row("secret-in-refusal hostile-id-crash", "SEC-6 SEC-3", TOLD, IDS),
    row("secret-in-callback-error", "SEC-1", REFUSES, BREAKS),
    row("secret-in-jobs", "SEC-1", TOLD),
    row("secret-in-health", "SEC-1", TOLD),
    row("ids-as-they-come trace-in-refusal", "SEC-3 SEC-5", TOLD, IDS),
)

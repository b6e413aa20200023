"""Known findings: a file of what is wrong today, so that a run fails only when that changes.

A known finding does not fail a run. A new one does, and so does one that no longer appears, until
the file is updated.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from asyncproof.harness.verdict import Finding, Known


class BaselineError(ValueError):
    """A baseline file that cannot be used; the message names the file and the cure."""


def read(path: Path) -> frozenset[Known]:
    """The known findings of a file that :func:`write` wrote, or a person.

    Raises:
        BaselineError: there is no such file, or it is not a baseline.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["known"]
        return frozenset(Known(entry["clause"], entry["check"]) for entry in entries)
    except OSError as error:
        raise BaselineError(
            f"cannot read the baseline {path}: {error.strerror}; --update-baseline writes one"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        form = '{"known": [{"clause": "CBK-4", "check": "one_delivery_per_job"}]}'
        raise BaselineError(f"{path} is not a baseline; expected {form}") from error


def write(path: Path, findings: Iterable[Finding]) -> None:
    """Write these findings as the known ones."""
    entries = [{"clause": k.clause, "check": k.check} for k in sorted({f.known for f in findings})]
    path.write_text(json.dumps({"known": entries}, indent=2) + "\n", encoding="utf-8")

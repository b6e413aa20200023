"""What checks say of a request beside the jobs."""

from tests.e2e.async_inference.events import Probed
from tests.harness.verdict import Finding

BREAKDOWN = 500
NOT_READY = 503
SHOWN = 120


def said(probe: Probed) -> str:
    """The answer to a request, for a finding."""
    return probe.error or f"{probe.status_code} {probe.body[:SHOWN]!r}".strip()


def refused(code: int | None) -> bool:
    """Whether the client was told that its request was wrong."""
    return code is not None and 400 <= code < BREAKDOWN


def broke_down(code: int | None) -> bool:
    """Whether the server failed itself: 5xx other than "not ready", or no answer at all."""
    return code is None or (code >= BREAKDOWN and code != NOT_READY)


def finding(
    clause: str,
    probe: Probed,
    expected: str,
    *,
    actual: str = "",
    advice: str = "",
    cause: str = "",
) -> Finding:
    """A finding about a request; ``actual`` defaults to the answer."""
    subject = f"{probe.method} {probe.path[:SHOWN]}"
    return Finding(clause, subject, expected, actual or said(probe), probe.at, advice, cause)

"""What a client does about a redirect and about being told to wait. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

KEEP_THE_METHOD = frozenset({307, 308})
REDIRECTS = KEEP_THE_METHOD | {301, 302, 303}
LONGEST_WAIT = 60.0  # seconds; a miner that asks for more is asked again after this time


def target(method: str, url: str, code: int, location: str | None, anywhere: bool) -> str | None:
    """Where to send the request next; None where this answer is the last one.

    A body stays on the host that it was meant for. Only a GET may go to ``anywhere``.
    """
    reading = method == "GET"
    if not location or code not in (REDIRECTS if reading else KEEP_THE_METHOD):
        return None
    onwards = urljoin(url, location)
    if same_host(url, onwards):
        return onwards
    web = urlsplit(onwards).scheme in ("http", "https")
    return onwards if reading and anywhere and web else None


def same_host(url: str, other: str) -> bool:
    """Whether both go to the same server, or the other one to its encrypted port."""
    one, two = urlsplit(url), urlsplit(other)
    if (one.scheme, one.netloc) == (two.scheme, two.netloc):
        return True
    return one.hostname == two.hostname and (one.scheme, two.scheme) == ("http", "https")


def seconds(retry_after: str | None, now: datetime | None = None) -> float | None:
    """How long the header Retry-After asks to wait: a number, or a moment from ``now``."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    try:
        wait = float(text) if text.isascii() and text.isdigit() else _until(text, now)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def _until(text: str, now: datetime | None) -> float:
    moment = parsedate_to_datetime(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - (now or datetime.now(UTC))).total_seconds()

"""From a job id, which may contain anything, to a file name that is safe everywhere."""

import hashlib
import re

LONGEST_PLAIN = 120
NAMELESS = "~no-job-id"

_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?", re.ASCII)
_LOOKS_NUMBERED = re.compile(r".*\.\d+", re.ASCII)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.ASCII | re.IGNORECASE)
_UNSAFE = re.compile(r"[^a-z0-9_-]+", re.ASCII)
_STORED = re.compile(r"[A-Za-z0-9_~][A-Za-z0-9_.~-]*\.png", re.ASCII)


def plain(job_id: str) -> bool:
    """Whether the job id itself can be the file's name on every system.

    Names of devices (``con``) and ids that look like a numbered delivery (``a.2``) cannot.
    """
    return (
        len(job_id) <= LONGEST_PLAIN
        and _PLAIN.fullmatch(job_id) is not None
        and not _LOOKS_NUMBERED.fullmatch(job_id)
        and not _RESERVED.fullmatch(job_id)
    )


def encoded(job_id: str) -> str:
    """A lower-case name for any id: its readable part, then ``~`` and a hash of the whole id.

    A plain name has no ``~``, so the two kinds never collide.
    """
    readable = _UNSAFE.sub("_", job_id[:40].lower()).strip("_-") or "id"
    digest = hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable}~{digest[:20]}"


def stem(job_id: str | None) -> str:
    """The name of a job's image, without number and suffix."""
    if not job_id:
        return NAMELESS
    return job_id if plain(job_id) else encoded(job_id)


def numbered(name: str, number: int) -> str:
    """The file of the ``number``-th delivery (1 is the first)."""
    return f"{name}.png" if number == 1 else f"{name}.{number}.png"


def stem_of(filename: str) -> str:
    """The stem of a stored file; the inverse of :func:`numbered`."""
    return re.sub(r"(?:\.\d+)?\.png$", "", filename)


def may_be_stored(filename: str) -> bool:
    """Whether a file of this name can be one of ours; no others are looked up."""
    return len(filename) < 200 and _STORED.fullmatch(filename) is not None

"""Limits on what one sender may use of the callback server."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    A body must arrive faster than ``body_grace + received / body_rate`` and end within
    ``body_seconds``. ``keep`` and ``keep_refused`` limit the entries in memory; the journal on disk
    has everything, except that refused attempts may use only ``refused_journal`` bytes, so that a
    stranger cannot fill the disk.
    """

    body: int = 32 * MIB
    field: int = 64 * KIB
    text: int = MIB
    parts: int = 100
    part_header: int = 8 * KIB
    header_seconds: float = 10.0
    idle_seconds: float = 75.0
    body_seconds: float = 300.0
    body_grace: float = 10.0
    body_rate: int = 16 * KIB
    connections: int = 1000
    keep: int = 150_000
    keep_bytes: int = 64 * MIB
    keep_refused: int = 1_000
    refused_journal: int = 16 * MIB

    def body_deadline(self, received: int) -> float:
        """Seconds after its first byte at which a body with ``received`` bytes so far is
        aborted."""
        return min(self.body_seconds, self.body_grace + received / self.body_rate)

"""How much of anything one sender may take from the callback server."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    A body has to keep ahead of ``body_grace + received / body_rate`` and to end within
    ``body_seconds``. ``keep`` and ``keep_refused`` bound what is listed from memory; the journal on
    disk has everything, except that refused attempts may fill ``refused_journal`` bytes only, so
    that a stranger cannot fill the disk.
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
    keep: int = 10_000
    keep_bytes: int = 64 * MIB
    keep_refused: int = 1_000
    refused_journal: int = 16 * MIB

    def body_deadline(self, received: int) -> float:
        """Seconds after its first byte at which a body with ``received`` bytes so far is cut."""
        return min(self.body_seconds, self.body_grace + received / self.body_rate)

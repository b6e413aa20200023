"""One bit tips over on the way to the disk."""

from reference.miner.messages import Task
from reference.miner.seams import Fault


class BadChecksum(Fault):
    name = "bad-checksum"
    does = "changes one bit in the middle of each PNG"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

"""A shorter file is written over a longer one."""

from reference.miner.messages import Task
from reference.miner.seams import Fault


class BytesAfterEnd(Fault):
    name = "bytes-after-end"
    does = "leaves bytes of an older file behind the end of each PNG"
    clause = "IMG-1"

    def file(self, task: Task, data: bytes) -> bytes:
        return data + data[-500:]

"""The file was read while it was still being written."""

from reference.miner.messages import Task
from reference.miner.seams import Fault


class TruncatedFile(Fault):
    name = "truncated-file"
    does = "delivers only the first part of each PNG file (parameter: percent of the bytes)"
    clause = "IMG-1"
    parameter = 60.0

    def file(self, task: Task, data: bytes) -> bytes:
        return data[: round(len(data) * (self.value or 0) / 100)]

"""A buffer is handed to the next job before it was written out."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class RowsOfAnother(Fault):
    name = "rows-of-another"
    does = "takes the lowest third from the picture that the process made before"
    clause = "IMG-3"
    before: Pixels | None = None

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        other, self.before = self.before, pixels.copy()
        if other is not None and other.shape == pixels.shape:
            third = len(pixels) // 3
            pixels[-third:] = other[-third:]
        return pixels

"""The picture is not as large as it was asked for."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class WrongSize(Fault):
    name = "wrong-size"
    does = "delivers pictures that are 8 pixels narrower than asked for"
    clause = "IMG-1"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        return pixels[:, :-8]

"""One tile of a picture that is decoded in tiles is never written."""

from reference.miner.messages import Task
from reference.miner.pictures.kinds import Pixels
from reference.miner.seams import Fault


class MissingTile(Fault):
    name = "missing-tile"
    does = "leaves one tile of 64 x 64 pixels in the middle black"
    clause = "IMG-3"

    def pixels(self, task: Task, pixels: Pixels) -> Pixels:
        top, left = (side // 128 * 64 for side in pixels.shape[:2])
        pixels[top : top + 64, left : left + 64] = 0
        return pixels

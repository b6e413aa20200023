"""A service of BentoML with one task: ``bentoml serve service:Pictures``."""

from io import BytesIO

import bentoml
from painter import Painter
from PIL import Image


@bentoml.service(traffic={"timeout": 3600}, threads=8)
class Pictures:
    def __init__(self) -> None:
        self._painter = Painter()

    @bentoml.task
    def paint(
        self, prompt: str, seed: int | None = None, width: int = 512, height: int = 512
    ) -> Image.Image:
        return Image.open(BytesIO(self._painter.paint(prompt, seed, width, height)))

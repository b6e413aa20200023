"""A model of Cog: ``COG_PREDICT_TYPE_STUB=predict.py:Predictor python -m cog.server.http``."""

import asyncio
import tempfile

from cog import BasePredictor, Input, Path
from painter import Painter


class Predictor(BasePredictor):
    def setup(self) -> None:
        self._painter = Painter()

    async def predict(
        self,
        prompt: str = Input(description="what to paint"),
        seed: int | None = Input(default=None),
        width: int = Input(default=512),
        height: int = Input(default=512),
    ) -> Path:
        """Paints beside other predictions, as many as COG_MAX_CONCURRENCY allows."""
        picture = await asyncio.to_thread(self._painter.paint, prompt, seed, width, height)
        with tempfile.NamedTemporaryFile(suffix=".png", delete=False) as file:
            file.write(picture)
        return Path(file.name)

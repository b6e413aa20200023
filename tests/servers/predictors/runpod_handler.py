"""A serverless worker of RunPod: ``python runpod_handler.py --rp_serve_api``."""

import asyncio
import base64

import runpod
from painter import Painter

PAINTER = Painter()


async def handler(job: dict) -> dict:
    """Paints beside other jobs, as a worker with several slots does."""
    asked = job["input"]
    picture = await asyncio.to_thread(
        PAINTER.paint, asked["prompt"], asked.get("seed"), asked["width"], asked["height"]
    )
    return {"image": base64.b64encode(picture).decode()}


runpod.serverless.start({"handler": handler})

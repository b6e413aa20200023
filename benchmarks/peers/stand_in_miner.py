"""A miner of a few lines, as fast as it can be: jobs take no work, each has a picture of its own.

    python -m benchmarks.peers.stand_in_miner READY_FILE [SECONDS_OF_A_JOB]

Writes its url to READY_FILE. It speaks the protocol, callbacks included, so that what it costs to
test a miner can be measured without a miner that costs more.
"""

import asyncio
import itertools
import struct
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web

AT_ONCE = 64  # callbacks in parallel


def picture(number: int, width: int, height: int) -> bytes:
    """A small PNG that no other number gives, and that looks like something."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += bytes(
                ((number * 7 + x * 5) % 251, (number // 251 + y * 9) % 251, (x * y) % 251)
            )
    rows[1:4] = number.to_bytes(3, "big")
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


class StandInMiner:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self._jobs: dict[str, dict[str, object]] = {}
        self._pictures: dict[str, bytes] = {}
        self._tasks = set[asyncio.Task[None]]()

    async def submit(self, request: web.Request) -> web.Response:
        wanted, number = await request.json(), next(self._numbers)
        job_id = f"{number:08d}-0000-4000-8000-000000000000"
        self._jobs[job_id] = {"job_id": job_id, "status": "queued"}
        task = asyncio.create_task(self._work(job_id, number, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.json_response({"accepted": True, "job_id": job_id, "status": "queued"})

    async def _work(self, job_id: str, number: int, wanted: dict[str, object]) -> None:
        await asyncio.sleep(self._seconds)
        job = self._jobs[job_id]
        image = picture(number, int(str(wanted["width"])), int(str(wanted["height"])))
        self._pictures[job_id] = image
        now = datetime.now(UTC).isoformat()
        form = aiohttp.FormData()
        for name, value in (("job_id", job_id), ("status", "completed"), ("completed_at", now)):
            form.add_field(name, value)
        form.add_field("image", image, filename="result.png", content_type="image/png")
        headers = {"X-Callback-Secret": str(wanted.get("callback_secret", ""))}
        section: dict[str, object] = {"status": "skipped"}
        if "callback_url" in wanted:
            async with self._client.post(
                str(wanted["callback_url"]), data=form, headers=headers
            ) as answer:
                preview = (await answer.text())[:500]
            section = {
                "status": "delivered",
                "status_code": answer.status,
                "response_preview": preview,
                "attempted_at": now,
                "payload_status": "completed",
            }
        job |= {"status": "completed", "completed_at": now, "callback": section}
        job["result_url"] = f"/inference/result/{job_id}"
        asyncio.get_running_loop().call_later(60, self._forget, job_id)

    def _forget(self, job_id: str) -> None:
        del self._jobs[job_id], self._pictures[job_id]

    async def status(self, request: web.Request) -> web.Response:
        job = self._jobs.get(request.match_info["job_id"])
        return web.json_response(job) if job else web.json_response({}, status=404)

    async def result(self, request: web.Request) -> web.Response:
        image = self._pictures.get(request.match_info["job_id"])
        if image is None:
            return web.json_response({}, status=404)
        return web.Response(body=image, content_type="image/png")

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    async def serve(self, ready: Path) -> None:
        app = web.Application()
        app.router.add_post("/inference", self.submit)
        app.router.add_get("/inference/status/{job_id}", self.status)
        app.router.add_get("/inference/result/{job_id}", self.result)
        app.router.add_get("/health", self.health)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as self._client:
            await site.start()
            part = ready.with_suffix(".part")
            part.write_text(f"http://127.0.0.1:{runner.addresses[0][1]}")
            part.replace(ready)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(
        StandInMiner(float(sys.argv[2]) if len(sys.argv) > 2 else 0.05).serve(Path(sys.argv[1]))
    )

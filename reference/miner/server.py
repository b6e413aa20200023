"""The miner's HTTP side: routes, and the way from a request to an answer."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

from reference.miner import answers
from reference.miner.delivery import Deliveries
from reference.miner.engine import Engine
from reference.miner.jobs import Ending, Job, JobStore, PictureRequest, Status
from reference.miner.loras import LORAS
from reference.miner.requests import (
    parse_edit,
    parse_inference,
    parse_json,
    parse_train,
)
from reference.miner.rules import Refused
from reference.miner.seams import Answer, Chain
from reference.miner.settings import Settings
from reference.miner.training import Trainings
from reference.miner.triggers import Arming

log = logging.getLogger(__name__)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LARGEST_BODY = 32 * 2**20
LARGEST_SOURCE = 16 * 2**20
SOURCE_TIMEOUT = 30.0

Parse = Callable[[dict[str, Any]], tuple[str | None, PictureRequest]]


class Miner:
    """All parts of one miner. ``start`` needs a running event loop."""

    def __init__(
        self,
        settings: Settings,
        seams: Chain,
        arming: Arming,
        jobs: JobStore,
        folder: Path,
        *,
        address: str = "",
    ) -> None:
        self._settings = settings
        self._seams = seams
        self._arming = arming
        self._jobs = jobs
        self._folder = folder
        self._engine = Engine(settings, seams, arming, folder, self._ended, address=address)
        self._deliveries = Deliveries(settings, seams)
        self._trainings = Trainings(settings.training_seconds, settings.retention, address)
        self._source_session = aiohttp.ClientSession()
        self._fetches: set[asyncio.Task[None]] = set()
        self._began = datetime.now(UTC)

    async def start(self) -> None:
        """Start the inference processes; returns when the first can take a job."""
        self._engine.start()
        await self._engine.started.wait()

    async def stop(self) -> None:
        """End everything that runs."""
        for task in tuple(self._fetches):
            task.cancel()
        await self._engine.stop()
        await self._trainings.stop()
        await self._deliveries.stop()
        await self._source_session.close()

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=LARGEST_BODY)
        for path, parse in (("/inference", parse_inference), ("/edit", parse_edit)):
            taken_at = self._seams.submission_path(path)
            app.router.add_post(taken_at, self._submission(path, parse))
            if taken_at != path:
                app.router.add_post(path, _redirect_to(taken_at))
            app.router.add_get(f"{path}/status/{{job_id}}", self._status)
            app.router.add_get(f"{path}/result/{{job_id}}", self._result)
        app.router.add_post("/train", self._train)
        app.router.add_get("/train/status/{job_id}", self._train_status)
        app.router.add_get("/images/{name}", self._image)
        app.router.add_get("/health", self._health)
        app.router.add_get("/workers", self._workers)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/jobs", self._list)
        app.router.add_get("/", self._index)
        return app

    def _submission(
        self, path: str, parse: Parse
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await _send(await self._submit(request, path, parse))

        return handle

    async def _submit(self, request: web.Request, path: str, parse: Parse) -> Answer:
        try:
            body = self._seams.body(parse_json(self._seams.raw(await request.read())))
            job_id, asked = parse(body)
        except Refused as why:
            return self._seams.refused(answers.refused(why))
        if self._engine.waiting >= self._settings.queue_limit or not self._engine.ready:
            return self._seams.crowded(answers.problem(503, "not ready for another job"))
        if job_id is not None and self._in_use(job_id):
            return answers.problem(409, f"job {job_id} is still in progress")
        name = self._seams.named(job_id or str(uuid4()))
        job = self._accept(name, asked, path, f"{request.scheme}://{request.host}")
        return self._seams.submitted(job, answers.accepted(job))

    def _in_use(self, job_id: str) -> bool:
        return self._seams.in_use(self._jobs.get(job_id), self._jobs.busy(job_id))

    def _accept(self, job_id: str, asked: PictureRequest, path: str, base_url: str) -> Job:
        job = Job(
            job_id=job_id,
            number=self._jobs.accepted + 1,
            request=asked,
            seed=secrets.randbelow(2**32) if asked.seed is None else asked.seed,
            path=path,
            base_url=base_url,
            queued_at=datetime.now(UTC),
        )
        self._jobs.add(job)
        self._engine.books["submitted"] += 1
        if asked.source is not None:
            self._keep_source(job, asked.source)
        if asked.source_url is None:
            self._engine.submit(job)
        else:
            task = asyncio.create_task(self._fetch(job, asked.source_url))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)
        return job

    async def _fetch(self, job: Job, url: str) -> None:
        """Get the picture that an edit starts from, then queue the job."""
        try:
            async with asyncio.timeout(SOURCE_TIMEOUT), self._source_session.get(url) as answer:
                answer.raise_for_status()
                self._keep_source(job, await _at_most(answer.content, LARGEST_SOURCE))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._engine.end(job, _unfetched(error))
        else:
            self._engine.submit(job)

    def _keep_source(self, job: Job, data: bytes) -> None:
        job.source = self._folder / f".{job.key}.source"
        job.source.write_bytes(data)

    def _ended(self, job: Job) -> None:
        if job.source is not None:
            job.source.unlink(missing_ok=True)
        self._deliveries.start(job)
        asyncio.get_running_loop().call_later(self._settings.retention, self._forget, job)

    def _forget(self, job: Job) -> None:
        self._jobs.forget(job)
        self._arming.forget(job)
        if job.image is not None:
            job.image.unlink(missing_ok=True)
        if job.image is None or job.attempts > 1:
            for left in self._folder.glob(f".*{job.key}*"):
                left.unlink(missing_ok=True)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        job_id = request.match_info["job_id"]
        job = self._jobs.get(job_id)
        if job is None:
            return await _send(self._not_found(job_id))
        return await _send(self._seams.polled(job, answers.status(job)))

    async def _result(self, request: web.Request) -> web.StreamResponse:
        return await self._picture(request.match_info["job_id"])

    async def _image(self, request: web.Request) -> web.StreamResponse:
        return await self._picture(request.match_info["name"].removesuffix(".png"))

    async def _picture(self, job_id: str) -> web.StreamResponse:
        job = self._jobs.get(job_id)
        if job is None:
            return await _send(self._not_found(job_id))
        picture = job.image if job.image and job.image.is_file() else None
        answer = Answer(200, picture) if picture else answers.problem(404, "no picture (yet)")
        return await _send(self._seams.result(job, answer))

    def _not_found(self, job_id: str) -> Answer:
        return self._seams.unknown(job_id, answers.problem(404, "no such job"))

    async def _train(self, request: web.Request) -> web.StreamResponse:
        if not self._settings.training:
            return await _send(answers.problem(404, "this miner offers no training"))
        try:
            body = parse_train(self._seams.training_body(parse_json(await request.read())))
        except Refused as why:
            return await _send(answers.refused(why))
        job_id = body.job_id or str(uuid4())
        if self._trainings.busy(job_id):
            return await _send(answers.problem(409, f"training {job_id} is still in progress"))
        training = self._trainings.start(job_id, body)
        view = training.view() | {"accepted": True, "status_url": f"/train/status/{job_id}"}
        in_flight = [job for job in self._jobs if not job.terminal]
        return await _send(self._seams.trained(in_flight, Answer(202, view)))

    async def _train_status(self, request: web.Request) -> web.StreamResponse:
        training = self._trainings.get(request.match_info["job_id"])
        if training is None:
            return await _send(answers.problem(404, "no such training"))
        return await _send(Answer(200, training.view()))

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        ready = self._engine.ready
        body = {
            "status": "healthy" if ready else "unhealthy",
            "ready": ready,
            "workers": self._settings.workers,
            "queued": self._engine.waiting,
            "in_flight": self._jobs.in_flight,
            "loras": list(LORAS),
            "training": bool(self._settings.training),
            "started_at": answers.iso(self._began),
        }
        return await _send(self._seams.health(Answer(200 if ready else 503, body)))

    async def _workers(self, _request: web.Request) -> web.StreamResponse:
        from reference.miner.views import workers  # noqa: PLC0415 - few miners are asked

        now = asyncio.get_running_loop().time()
        return await _send(Answer(200, workers(self._engine, now)))

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        from reference.miner.views import metrics  # noqa: PLC0415 - few miners are asked

        return web.Response(body=metrics(self._engine), headers={"Content-Type": METRICS_TYPE})

    async def _list(self, _request: web.Request) -> web.StreamResponse:
        jobs = list(self._jobs)
        answer = Answer(200, {"jobs": [answers.listed(job) for job in jobs]})
        return await _send(self._seams.listed(jobs, answer))

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        paths = ["/inference", "/edit", "/train", "/health", "/jobs", "/workers", "/metrics"]
        return await _send(Answer(200, {"service": "reference miner", "paths": paths}))


def _redirect_to(path: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": path})

    return handle


def _unfetched(error: Exception) -> Ending:
    why = f"image_url could not be fetched: {error or 'it took too long'}"
    return Ending(status=Status.FAILED, error=why)


async def _at_most(stream: aiohttp.StreamReader, limit: int) -> bytes:
    """A body that may not be larger than ``limit`` bytes. Raises ValueError."""
    taken = bytearray()
    async for piece in stream.iter_chunked(65536):
        taken += piece
        if len(taken) > limit:
            raise ValueError(f"larger than {limit} bytes")
    return bytes(taken)


async def _send(answer: Answer) -> web.StreamResponse:
    await asyncio.sleep(answer.delay)
    headers = dict(answer.headers)
    if isinstance(answer.body, dict):
        return web.json_response(answer.body, status=answer.code, headers=headers)
    kind = headers | {"Content-Type": answer.kind}
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.code, body=answer.body, headers=kind)
    return web.FileResponse(answer.body, status=answer.code, headers=kind)

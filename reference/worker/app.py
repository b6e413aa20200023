"""The worker's HTTP interface: health, readiness, and inference as JSON or as a stream."""

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reference.worker.engine import Request
from reference.worker.seams import END, Around, Fault
from reference.worker.work import Finished, Work

LONGEST_PROMPT = 100_000  # characters
MOST_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers. ``jobs`` has accepted requests whose stream was not fetched yet."""

    work: Work
    fault: Fault
    jobs: dict[str, Request]

    async def health(self, _: web.Request) -> web.Response:
        engine = self.work.engine
        answer: dict[str, Any] = {"status": "healthy" if self.work.ready else self.work.state}
        answer["model_loaded"] = engine is not None
        if engine is not None:
            answer["engine"] = engine.name
            if engine.note:
                answer["note"] = engine.note
        return web.json_response(answer, status=200 if self.work.ready else 503)

    async def ready(self, _: web.Request) -> web.Response:
        ready = self.work.ready
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def inference(self, http: web.Request) -> web.StreamResponse:
        request, stream = await _read(http, self.work)
        request = self.fault.request(request)
        return await (self._stream(http, request) if stream else self._whole(request))

    async def submit(self, http: web.Request) -> web.Response:
        request, _ = await _read(http, self.work)
        job_id = secrets.token_hex(8)
        self.jobs[job_id] = request
        sse_url = str(http.url.with_path(f"/v1/jobs/{job_id}/stream"))
        return web.json_response({"job_id": job_id, "sse_url": sse_url}, status=202)

    async def job_stream(self, http: web.Request) -> web.StreamResponse:
        request = self.jobs.pop(http.match_info["job_id"], None)
        if request is None:
            raise web.HTTPNotFound(text=json.dumps({"error": "no such job, or already fetched"}))
        return await self._stream(http, request)

    async def _whole(self, request: Request) -> web.Response:
        texts, reason = list[str](), ""
        with self.work.one_request():
            async with aclosing(self.work.generate(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Finished):
                        reason = piece.reason
                    else:
                        texts.append(piece)
        answer = {"text": "".join(texts).strip(), "tokens": len(texts), "finish_reason": reason}
        return web.json_response(self.fault.whole(answer))

    async def _stream(self, http: web.Request, request: Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        answer.headers["Cache-Control"] = "no-store"
        with self.work.one_request():
            await answer.prepare(http)
            numbers = count()
            async with aclosing(self._frames(request)) as frames:
                async for frame in frames:
                    for sent in await self.fault.frame(next(numbers), frame):
                        await answer.write(f"data: {sent}\n\n".encode(errors="surrogateescape"))
            await answer.write_eof()
        return answer

    async def _frames(self, request: Request) -> AsyncGenerator[str, None]:
        async with aclosing(self.work.generate(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Finished):
                    yield json.dumps({"type": "end", "finish_reason": piece.reason})
                else:
                    yield json.dumps({"type": "token", "t": piece})
        yield END


async def _read(http: web.Request, work: Work) -> tuple[Request, bool]:
    """The request and whether it wants a stream.

    Raises:
        HTTPBadRequest: a field is missing or wrong; the answer says which. HTTPServiceUnavailable:
        the model is not loaded yet.
    """
    try:
        body = await http.json()
        prompt, max_tokens = body["prompt"], body.get("max_tokens", 64)
        stream = body.get("stream", False)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise _bad("expected a JSON object with a prompt") from error
    if not isinstance(prompt, str) or not prompt or len(prompt) > LONGEST_PROMPT:
        raise _bad(f"prompt: expected text of 1 to {LONGEST_PROMPT} characters")
    if type(max_tokens) is not int or not 1 <= max_tokens <= MOST_TOKENS:
        raise _bad(f"max_tokens: expected a whole number from 1 to {MOST_TOKENS}")
    if not isinstance(stream, bool):
        raise _bad("stream: expected true or false")
    if not work.ready:
        raise web.HTTPServiceUnavailable(text=json.dumps({"error": "the model is not loaded"}))
    return Request(prompt, max_tokens), stream


def _bad(problem: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": problem}), content_type="application/json")


def _answers(around: Around, fault: Fault) -> Middleware:
    """Answers go through the seams of ``fault``."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        async def handle() -> web.StreamResponse:
            return await handler(request)

        match request.path:
            case "/v1/health":
                return await fault.health(around, handle)
            case "/v1/ready":
                answer = await fault.ready(around, handle)
                around.seen_ready |= answer.status == 200
                return answer
            case "/v1/inference":
                return await fault.inference(around, handle)
        return await handle()

    return middleware


def make_app(around: Around, fault: Fault) -> web.Application:
    api = Api(around.work, fault, {})
    app = web.Application(middlewares=[_answers(around, fault)])
    app.router.add_get("/v1/health", api.health)
    app.router.add_get("/v1/ready", api.ready)
    app.router.add_post("/v1/inference", api.inference)
    app.router.add_post("/v1/jobs", api.submit)
    app.router.add_get("/v1/jobs/{job_id}/stream", api.job_stream)
    return app

"""One HTTP exchange with the miner, whatever it does: the answer is a value, never an exception."""

import json
import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Self
from urllib.parse import urljoin

import aiohttp

from tests.e2e.async_inference import protocol
from tests.e2e.async_inference.events import Probed
from tests.e2e.async_inference.scenario import Request

CONNECTIONS = 128
REQUEST_TIMEOUT = 30.0
LARGEST_ANSWER = 64 * 2**20
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~%-]+)+", re.ASCII)


class Exchange:
    """Asks one miner over a bounded number of connections. Use it as an async context manager."""

    def __init__(self, base_url: str, clock: Callable[[], float]) -> None:
        self._base, self._clock = base_url + "/", clock

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        timeout: float = REQUEST_TIMEOUT,
    ) -> protocol.Answer:
        """Send one request. ``path`` may be a whole url (the miner named it). No redirects.

        ``timeout`` can only shorten the wait for the answer.
        """
        began, timeout = self._clock(), min(timeout, REQUEST_TIMEOUT)
        headers = {"Content-Type": content_type} if content_type else None
        try:
            url = whole_url(self._base, path)
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                content = await _whole_body(response)
                took = self._clock() - began
                kind = response.headers.get("Content-Type", "")
                return protocol.Answer(took, response.status, kind, content)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return protocol.Answer(self._clock() - began, error=_told(error, timeout))

    async def probe(
        self, request: Request, job_id: str = "", secrets: Iterable[str] = ()
    ) -> Probed:
        """Send a request that is not a job; ``{job_id}`` in it stands for this id. ``secrets`` are
        looked for in the answer."""
        path, body = request.path.replace("{job_id}", job_id), request.body
        if request.json is not None:
            body = json.dumps(request.json).replace("{job_id}", job_id).encode()
        kind = request.content_type if body is not None else ""
        answer = await self.ask(request.method, path, body, kind)
        leaks, answer = protocol.shows(answer, secrets), protocol.redacted(answer, secrets)
        return Probed(
            at=self._clock(),
            probe=request.probe,
            method=request.method,
            path=path,
            took=answer.took,
            status_code=answer.status_code,
            job_id=protocol.named_job(answer),
            leaks_secret=leaks,
            body=answer.text,
            error=answer.error,
            tags={k: text.replace("{job_id}", job_id) for k, text in request.tags},
        )


def whole_url(base: str, path: str) -> str:
    """What ``urljoin`` says; sooner where there is nothing to resolve, as in every poll.

    Raises:
        ValueError: that is no url.
    """
    return _origin(base) + path if _PLAIN_PATH.fullmatch(path) else urljoin(base, path)


@lru_cache(8)
def _origin(base: str) -> str:
    return urljoin(base, "/").removesuffix("/")


def _told(error: Exception, timeout: float) -> str:
    """Why there was no answer, in words."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return f"cannot connect ({os.strerror(error.os_error.errno).lower()})"
    return str(error) or type(error).__name__


async def _whole_body(response: aiohttp.ClientResponse) -> bytes:
    content, parts, size = response.content, list[bytes](), 0
    while not content.at_eof():
        part = await content.readany()
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        parts.append(part)
    return b"".join(parts)

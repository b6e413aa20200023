"""One HTTP exchange with the miner, whatever it does: the answer is a value, never an exception."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import Self
from urllib.parse import urljoin

import aiohttp

from asyncproof.driver import redirects, room
from asyncproof.history.events import Probed
from asyncproof.text import NO_ANSWER
from asyncproof.wire import protocol
from asyncproof.wire.dialect import Dialect, documented
from asyncproof.workload.scenario import Request

CONNECTIONS = 128
REQUEST_TIMEOUT = 30.0
MOST_REDIRECTS = 3
MOST_WAITS = 5
LARGEST_ANSWER = 64 * 2**20
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~%-]+)+", re.ASCII)


class HttpClient:
    """Asks one server over a bounded number of connections. :meth:`connected` makes it.

    ``exhausted`` says what this machine ran out of, where a request could not leave because of it;
    empty where none did.
    """

    def __init__(
        self,
        base_url: str,
        clock: Callable[[], float],
        session: aiohttp.ClientSession,
        dialect: Dialect,
    ) -> None:
        self._base, self._clock, self._session = base_url + "/", clock, session
        self._dialect = dialect
        self._headers = dialect.profile.headers
        self.exhausted = ""

    @classmethod
    @asynccontextmanager
    async def connected(
        cls,
        base_url: str,
        clock: Callable[[], float],
        token: str | None = None,
        dialect: Dialect | None = None,
        connections: int = CONNECTIONS,
    ) -> AsyncIterator[Self]:
        """A client with connections of its own, which are closed at the end.

        ``dialect`` says how answers name a job (None: as docs/protocol.md does), and which headers
        go with every request to the server itself. ``token`` goes with every request, to whatever
        host.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        connector = aiohttp.TCPConnector(limit=connections)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            yield cls(base_url, clock, session, dialect or documented())

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        timeout: float = REQUEST_TIMEOUT,
        *,
        anywhere: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> protocol.MinerAnswer:
        """Send one request. ``path`` may be a whole url (the miner named it).

        ``timeout`` can only shorten the wait for the answer. Redirects are followed on the same
        host, because a body may hold a secret; with ``anywhere`` a GET follows them to any host.
        """
        began, timeout = self._clock(), min(timeout, REQUEST_TIMEOUT)
        named = {**headers, "Content-Type": content_type} if content_type else headers
        limit = aiohttp.ClientTimeout(total=timeout)
        sent_to = ""
        try:
            url = whole_url(self._base, path)
            sent = {**self._headers, **named} if self._is_ours(url) else named
            for _ in range(MOST_REDIRECTS + 1):
                async with self._session.request(
                    method, url, data=body, headers=sent, allow_redirects=False, timeout=limit
                ) as response:
                    content = await _whole_body(response)
                    code, told = response.status, response.headers
                onwards = redirects.target(method, url, code, told.get("Location"), anywhere)
                if onwards is None:
                    break
                url = sent_to = onwards
            return protocol.MinerAnswer(
                self._clock() - began,
                code,
                told.get("Content-Type", ""),
                content,
                retry_after=redirects.seconds(told.get("Retry-After")),
                redirected_to=sent_to,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self.exhausted = self.exhausted or room.exhausted(getattr(error, "errno", None))
            return protocol.MinerAnswer(self._clock() - began, error=_told(error, timeout))

    def _is_ours(self, url: str) -> bool:
        """Whether it lies on the server; what proves us to it is nothing for other hosts."""
        return bool(self._headers) and url.startswith(_origin(self._base) + "/")

    async def ask_patiently(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        *,
        anywhere: bool = False,
    ) -> protocol.MinerAnswer:
        """As :meth:`ask`, and again, a few times, where the miner asks to wait (429)."""
        for _ in range(MOST_WAITS):
            answer = await self.ask(method, path, body, content_type, anywhere=anywhere)
            if not answer.asks_to_wait:
                return answer
            await asyncio.sleep(answer.retry_after or 0.0)
        return answer

    async def probe(
        self, request: Request, job_id: str = "", secrets: Iterable[str] = ()
    ) -> Probed:
        """Send a request that is not a job; ``{job_id}`` in it stands for this id. ``secrets`` are
        looked for in the answer."""
        path, body = request.path.replace("{job_id}", job_id), request.body
        if request.json is not None:
            body = json.dumps(request.json).replace("{job_id}", job_id).encode()
        kind = request.content_type if body is not None else ""
        answer = await self.ask_patiently(request.method, path, body, kind)
        leaks, answer = protocol.shows(answer, secrets), protocol.redacted(answer, secrets)
        return Probed(
            at=self._clock(),
            probe=request.probe,
            method=request.method,
            path=path,
            took=answer.took,
            status_code=answer.status_code,
            job_id=self._dialect.named_job(answer),
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
        return f"{NO_ANSWER} {timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted here ({_about(error.certificate_error)})"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"no TLS connection ({_about(error.os_error)}); is it https at all?"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"unknown host {error.host}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return f"{protocol.CANNOT_CONNECT} ({os.strerror(error.os_error.errno).lower()})"
    return str(error) or type(error).__name__


def _about(error: Exception) -> str:
    """What OpenSSL says, without its own file and line."""
    told = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    return str(told).lower().replace("_", " ")


async def _whole_body(response: aiohttp.ClientResponse) -> bytes:
    content, parts, size = response.content, list[bytes](), 0
    while not content.at_eof():
        part = await content.readany()
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError(f"the answer is larger than {LARGEST_ANSWER} bytes")
        parts.append(part)
    return b"".join(parts)

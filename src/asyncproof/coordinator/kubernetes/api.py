"""The few Kubernetes API calls of the backend, with retries of transient errors."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import kr8s
import kr8s.asyncio

TRANSIENT = frozenset({429, 500, 502, 503, 504})
TRIES = 6
LONGEST_PAUSE = 15.0  # seconds
LONGEST_LINE = 4 * 2**20  # bytes
TIMEOUT = httpx.Timeout(30.0, read=60.0)
BROKEN = (kr8s.ServerError, kr8s.APITimeoutError, httpx.TransportError)
Sleep = Callable[[float], Awaitable[None]]


class ApiError(Exception):
    """The API refused a request, or could not be reached after several tries (``status`` 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def pause(tries: int, retry_after: str | None) -> float:
    """Seconds to wait after the given number of tries: the server's value, or 0.5, 1, 2, ..."""
    asked = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    return min(LONGEST_PAUSE, max(asked, 0.5 * float(2 ** (tries - 1))))


@dataclass(slots=True)
class Cluster:
    """One namespace of a cluster. ``retried`` counts repeated requests."""

    api: "kr8s.asyncio.Api"
    namespace: str
    sleep: Sleep = asyncio.sleep
    retried: int = 0
    _seen: set[str] = field(default_factory=set)

    async def create_job(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Create a Job. An existing one with the same labels is this one, created by a try whose
        answer was lost.

        Raises:
            ApiError: refused (quota, rights, a foreign Job of that name) or unreachable.
        """
        try:
            return await self.request("POST", "batch/v1", "jobs", body=job)
        except ApiError as error:
            if error.status != 409:
                raise
            name = job["metadata"]["name"]
            found = await self.request("GET", "batch/v1", f"jobs/{name}")
            if (found["metadata"].get("labels") or {}) != job["metadata"]["labels"]:
                told = f"a Job named {name} exists in {self.namespace} and is not part of this run"
                raise ApiError(409, told) from error
            return found

    async def close(self) -> None:
        """Close the connections, which kr8s itself leaves open."""
        session = self.api._session
        if session is not None:
            await session.aclose()

    async def request(
        self,
        method: str,
        version: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One request, retried while it fails for a transient reason.

        Raises:
            ApiError: see there.
        """
        content = None if body is None else json.dumps(body)
        for tries in range(1, TRIES + 1):
            try:
                async with self.api.call_api(
                    method,
                    version,
                    namespace=self.namespace,
                    url=url,
                    params=dict(params or {}),
                    content=content,
                    timeout=TIMEOUT,
                ) as response:
                    return dict(response.json())
            except (*BROKEN, ValueError) as error:  # ValueError: an answer that is not JSON
                failure, after = _failure(error)
                if failure.status not in TRANSIENT | {0} or tries == TRIES:
                    raise failure from error
            self.retried += 1
            await self.sleep(pause(tries, after))
        raise AssertionError("the loop returns or raises")

    @asynccontextmanager
    async def stream(
        self, url: str, params: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of a streamed answer (a watch, a log), without their ends.

        Raises:
            ApiError: refused, or the connection broke.
        """
        try:
            async with self.api.call_api(
                "GET",
                "v1",
                namespace=self.namespace,
                url=url,
                params=dict(params),
                stream=True,
                timeout=TIMEOUT,
            ) as response:
                yield read_lines(response.aiter_bytes())
        except BROKEN as error:
            raise _failure(error)[0] from error


async def read_lines(
    chunks: AsyncIterable[bytes], longest: int = LONGEST_LINE
) -> AsyncIterator[bytes]:
    """Lines split at newlines only. A last line without its end is yielded too; of a line that
    does not end for ``longest`` bytes the rest is dropped, so that no flood fills the memory (the
    log that it belongs to then tells how many bytes are missing)."""
    rest, cut = b"", False
    async for data in chunks:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if not cut:
                yield line[:longest]
            cut = False
        if len(rest) > longest:
            if not cut:
                yield rest[:longest]
            rest, cut = b"", True
    if rest and not cut:
        yield rest


def _failure(error: Exception) -> tuple[ApiError, str | None]:
    response = getattr(error, "response", None)
    if response is None:
        return ApiError(0, f"the Kubernetes API cannot be reached: {error!r}"), None
    return ApiError(response.status_code, str(error)), response.headers.get("Retry-After")


async def connect(
    namespace: str, kubeconfig: str | None = None, context: str | None = None
) -> Cluster:
    """A connection as kubectl would make it: kubeconfig and context, or the pod's own account.

    Raises:
        ApiError: no credentials, or the API does not answer.
    """
    try:
        with warnings.catch_warnings():  # kr8s warns of versions that it was not tested with
            warnings.simplefilter("ignore", UserWarning)
            api = await kr8s.asyncio.api(
                namespace=namespace, kubeconfig=kubeconfig, context=context
            )
    except BROKEN as error:
        raise _failure(error)[0] from error
    except (ValueError, KeyError, TypeError, OSError) as error:  # as kr8s fails on a bad file
        told = f"no usable kubeconfig ({error}); name one with --kubeconfig, or run in a cluster"
        raise ApiError(0, told) from error
    return Cluster(api, namespace)

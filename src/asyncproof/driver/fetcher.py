"""Downloads what completed jobs promised, and records each download."""

from collections.abc import Awaitable, Callable

from asyncproof.driver.http_client import HttpClient
from asyncproof.driver.job_state import JobState
from asyncproof.history.events import CALLBACK_LINK, STATUS_LINK, AsyncEvent, Downloaded, File
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.inline import decoded, is_inline

KeepDownload = Callable[[bytes, str], Awaitable[File]]


class Fetcher:
    """``clock`` gives seconds since the start of the run; ``record`` takes every event; ``keep``
    stores a downloaded picture and says where it lies. Of a job that did not complete, nothing is
    fetched."""

    def __init__(
        self,
        client: HttpClient,
        dialect: Dialect,
        *,
        clock: Callable[[], float],
        record: Callable[[AsyncEvent], None],
        keep: KeepDownload,
    ) -> None:
        self._client, self._dialect = client, dialect
        self._clock, self._record, self._keep = clock, record, keep

    async def fetch(self, state: JobState) -> None:
        """Fetch the result, and what the links in status and callback name."""
        for number, picture in enumerate(self._dialect.pictures(state.terminal_body), start=1):
            await self._take(state, "result" if number == 1 else f"result {number}", picture)
        if state.last is None or not state.completed:
            return
        await self._fetch_result(state, "result")
        if state.last.image_url:
            await self._download(state, STATUS_LINK, state.last.image_url)
        if state.link and state.link != state.last.image_url:
            await self._download(state, CALLBACK_LINK, state.link)

    async def fetch_again(self, state: JobState) -> None:
        """Fetch the result once more: it is final."""
        if state.completed:
            await self._fetch_result(state, "result again")

    async def fetch_named(self, state: JobState) -> None:
        """Fetch the result where the answer to the submission said that it is."""
        if state.answered.result_url and state.completed:
            await self._download(state, "result_url", state.answered.result_url)

    async def _fetch_result(self, state: JobState, what: str) -> None:
        query = self._dialect.result(state.job_id)
        if query is not None:
            await self._download(state, what, query.path, query.method)

    async def _take(self, state: JobState, what: str, picture: str) -> None:
        """A picture that the status has in itself, or a link to it."""
        base64 = self._dialect.pictures_are_base64
        if not (base64 or is_inline(picture)):
            await self._download(state, what, picture)
            return
        data, kind, error = decoded(picture)
        downloaded = Downloaded(
            at=self._clock(),
            job=state.prepared.name,
            what=what,
            url=str(self._dialect.status(state.job_id)),
            took=0.0,
            status_code=200,
            file=await self._keep(data, kind) if data else None,
            error=error,
        )
        self._record(downloaded)

    async def _download(self, state: JobState, what: str, path: str, method: str = "GET") -> None:
        answer = await self._client.ask_patiently(method, path, anywhere=True)
        good = answer.status_code == 200 and not answer.error
        file = await self._keep(answer.body, answer.content_type) if good else None
        downloaded = Downloaded(
            at=self._clock(),
            job=state.prepared.name,
            what=what,
            url=path,
            took=answer.took,
            status_code=answer.status_code,
            file=file,
            error=answer.error,
        )
        self._record(downloaded)

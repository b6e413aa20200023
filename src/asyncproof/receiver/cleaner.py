"""Removes callbacks that a policy no longer wants, while the server runs."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from asyncproof.receiver.storage import retention
from asyncproof.receiver.storage.index import CallbackIndex
from asyncproof.receiver.storage.retention import Keep
from asyncproof.receiver.storage.store import Store

EVERY = 3600.0  # seconds
_log = logging.getLogger(__name__)


class Cleaner:
    """Keeps the folder of a server within ``policy``.

    Images go first, then their lines in the journal. While another server uses the folder too, the
    lines stay.
    """

    def __init__(
        self, store: Store, index: CallbackIndex, policy: Keep, wall: Callable[[], float]
    ) -> None:
        self._store = store
        self._index = index
        self._policy = policy
        self._wall = wall
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Clean at once and every hour."""
        while True:
            try:
                await self.clean()
            except OSError as error:
                _log.warning("--keep: cannot clean up: %s", error)
            await asyncio.sleep(EVERY)

    async def clean(self) -> None:
        """
        Raises:
            OSError: something cannot be removed.
        """
        async with self._one_at_a_time:
            await self._clean()

    async def _clean(self) -> None:
        kept = await asyncio.to_thread(retention.callbacks, self._store.folder)
        chosen = retention.unwanted(kept, self._policy, self._wall())
        if not chosen:
            return
        await asyncio.to_thread(retention.remove, chosen)
        self._store.forget_lines({each.line for each in chosen})
        newest = max(each.when for each in chosen)
        self._index.drop_until(newest)
        _log.warning(
            "--keep: removed %d callbacks until %s, %.1f MB",
            len(chosen),
            datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds"),
            sum(each.size for each in chosen) / 1e6,
        )

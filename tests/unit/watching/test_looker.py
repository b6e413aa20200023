"""Where the jobs of a server are listed is what its profile says."""

import asyncio
from typing import Any, cast

from asyncproof.driver.http_client import HttpClient
from asyncproof.watching.looker import Looker
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.protocol import MinerAnswer


class Listing:
    """Stands for a client of a server that lists one job, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, method: str, path: str, timeout: float) -> MinerAnswer:
        self.asked.append(f"{method} {path}")
        return MinerAnswer(0.0, 200, body=b'[{"job_id": "a", "status": "queued"}]')


def looked(spoken: Dialect) -> tuple[list[str], list[str], str]:
    """What was asked, the ids that were found, and why there are none."""
    client: Any = Listing()
    look = asyncio.run(Looker(cast(HttpClient, client), spoken, 1.0).all())
    return client.asked, [row.job_id for row in look.rows], look.no_list


def test_jobs_are_listed_where_the_profile_says() -> None:
    documented = dialect("inference").profile
    elsewhere = Dialect(documented.model_copy(update={"jobs": "/v2/work"}))
    assert looked(dialect("inference")) == (["GET /jobs"], ["a"], "")
    assert looked(elsewhere) == (["GET /v2/work"], ["a"], "")


def test_where_the_profile_names_no_list_none_is_asked_for() -> None:
    assert looked(dialect("cog")) == ([], [], "its profile names no list of jobs")
